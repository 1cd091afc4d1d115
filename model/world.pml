/* world.pml: links, people, crashes and time, and the processes. Every step is one atomic rule; in between, anything may happen.
 * Time moves only when all that is prompt is done: whatever has a link is delivered, whatever is due has fired.
 */

/* Links. DOWN: closed, both sides know. SILENT: nothing arrives, nobody knows yet. HALF: commands arrive, the server's words do
 * not. For the server DOWN and SILENT are the same, because every grace counts from the last contact. */
/* One copy of a command that was sent may be under way in the net for as long as it likes. */
#ifdef LATE
mtype late;
byte late_view;
#endif

/* On every (re)connect the server sends a full snapshot. */
inline reconnected(d) {
#ifndef TELL_ONCE
  for (j : 0 .. CALLS - 1) {
    if
    :: call[j].phase != NONE && (d == CALLER(j) || call[j].st[d] != 0) -> VIEW_OF(j, d).news = true
    :: else
    fi
  }
#else
  skip
#endif
}

proctype Client(byte k; byte d) {
  do
  /* commands and news over a link that is up: prompt */
  :: d_step { TALKS(d) && V.pending != 0 ->
       contact(k, d);
       handle(k, d, V.pending);
       V.pending = 0;
       reply(k, d) }
  :: d_step { TALKS(d) && V.news && V.pending == 0 -> take_news(k, d) }
#if LINKS >= 3
  :: d_step { D.alive && server_up && D.link == HALF && V.pending != 0 -> contact(k, d); handle(k, d, V.pending) }
#endif
#ifdef LATE
  :: d_step { D.alive && V.pending != 0 && D.link != DOWN && late == 0 ->
       late = V.pending; late_view = k * DEVICES + d; printf("net: keeps a copy of %e\n", late) }
  :: d_step { server_up && late != 0 && late_view == k * DEVICES + d ->
       printf("net: a late copy arrives\n");
       handle(k, d, late);
       late = 0; late_view = 0 }
#endif
#ifdef CHECK_OLD
  :: d_step { TALKS(d) && IN_MEDIA(V.ui) -> show_old(k, d) }
#endif
#ifdef TELL_ONCE
  :: d_step { V.news && D.link != UP -> V.news = false }
#endif
#ifdef SPEAK_BEFORE_COMMIT
  :: d_step { TALKS(d) && V.pending == answer && C.phase == INVITING && CAN_RING(k, d) && OUTAGE > 0 ->
       server_up = false; printf("server: says `winner` and crashes before the answer is stored\n");
       join(k, d) }
#endif
#ifdef PUSH
  /* a push wakes the application; the payload lets it ring until the ring contact watchdog wants a server */
  :: d_step { server_up && C.push[d] ->
       if
       :: C.phase == ENDED -> violated("VIOLATED S15: a push is sent for an ended call\n")
       :: else
       fi;
       C.push[d] = false; pushed[d] = true }
  :: d_step { pushed[d] ->
       pushed[d] = false;
       if
       :: !D.alive -> D.alive = true; D.link = DOWN; printf("device %d: woken by a push\n", d)
       :: else
       fi;
       if
       :: V.ui == off -> start_ring(k, d, T_SETUP); D.w = 0
       :: else
       fi }
#endif

  /* people */
#ifdef CALL_AT_ANY_TIME
  :: d_step { D.alive && d == CALLER(k) && V.ui == off && C.phase == NONE && !called[k] && MAY_CALL(k, d) ->
       called[k] = true; V.ui = placing; V.pending = invite; V.t = W_PLACE; printf("device %d: calls\n", d) }
#endif
  :: d_step { D.alive && V.ui == ring -> press_answer(k, d) }
  :: d_step { D.alive && V.ui == ring -> press_hangup(k, d, decline) }
  :: d_step { D.alive && (V.ui == placing || V.ui == calling || V.ui == answering || V.ui == moving || IN_MEDIA(V.ui)) ->
       press_hangup(k, d, hangup) }
  :: d_step { TALKS(d) && V.ui == joining && V.pending == 0 && !C.media[d] && ANSWERED(k) -> V.pending = media_up }
#ifdef MOVE
  :: d_step { D.alive && V.ui == final && V.pending == 0 && (V.word == answered_elsewhere || V.word == moved_elsewhere) ->
       V.had_final = false; V.word = 0;  /* the person begins anew */
       V.ui = moving; V.pending = move_here; V.t = T_MOVE + MARGIN; V.lag = 0; printf("device %d: pulls the call\n", d) }
  :: d_step { TALKS(d) && V.ui == moving && V.pending == 0 && C.target == d -> V.pending = media_up }
#endif

  /* watchdogs: prompt */
  :: d_step { WATCHDOG_DUE(k, d) -> watchdog(k, d) }
  :: d_step { RING_WATCHDOG_DUE(k, d) -> ring_watchdog(k, d) }

  /* faults, once per device */
  :: d_step { k == FIRST_VIEW(d) && D.alive && D.link != UP && MAY_FAIL(d) ->
       reconnected(d); D.link = UP; LINKED(d) }
  :: d_step { k == FIRST_VIEW(d) && D.alive && D.link != DOWN && MAY_FAIL(d) -> D.link = DOWN }
#if LINKS >= 3
  :: d_step { k == FIRST_VIEW(d) && D.alive && D.link == UP -> D.link = HALF }
#endif
#if LINKS >= 4
  :: d_step { k == FIRST_VIEW(d) && D.alive && D.link == UP -> D.link = SILENT }
#endif
#ifdef KILLS
  :: d_step { k == FIRST_VIEW(d) && D.alive && MAY_FAIL(d) ->
       D.alive = false; D.link = DOWN; D.w = 0;
       for (j : 0 .. CALLS - 1) { kill(j, d) }
       printf("device %d: killed\n", d) }
  :: d_step { k == FIRST_VIEW(d) && !D.alive -> D.alive = true; printf("device %d: started again\n", d) }
#endif
  od
}

/* --- time */

#define PROMPT(k, d) ((TALKS(d) && (VIEW_OF(k, d).pending != 0 || VIEW_OF(k, d).news)) || DEVICE_DUE(k, d) || \
  (server_up && call[k].push[d]))
#define DOWN_TO_ZERO(x) x = (x > 0 -> x - 1 : 0)
#define UP_TO(x, most) x = (x < (most) -> x + 1 : (most))
#define MANY 9   /* where the checker's own counters stop */

inline tick_call(k) {
  if
  :: C.phase == INVITING -> DOWN_TO_ZERO(C.t_phase); DOWN_TO_ZERO(C.t_ring); UP_TO(C.age, MANY)
  :: C.phase == CONNECTING -> DOWN_TO_ZERO(C.t_phase); UP_TO(C.age, MANY)
#ifdef T_MAX
  :: C.phase == ACTIVE -> DOWN_TO_ZERO(C.t_phase)
#endif
#ifdef MOVE
  :: C.phase == ACTIVE && C.target != NOBODY -> DOWN_TO_ZERO(C.t_move); UP_TO(C.age, MANY)
#endif
  :: else
  fi;
  if
  :: C.phase == INVITING && C.age > T_SETUP + OUTAGE -> violated("VIOLATED L1: the call stays INVITING\n")
  :: C.phase == CONNECTING && C.age > T_CONNECT + OUTAGE -> violated("VIOLATED L5: the call stays CONNECTING\n")
  :: C.phase == ACTIVE && C.age > T_MOVE + OUTAGE -> violated("VIOLATED S2: two devices of one user are admitted for longer than T_move\n")
  :: else
  fi
}

#define NEEDS_CONTACT(k, d) (VIEW_OF(k, d).ui == calling || VIEW_OF(k, d).ui == ring || VIEW_OF(k, d).ui == talking)

inline tick_device(d) {
  if
  :: TALKS(d) -> D.w = 0; gone[d] = 0; extra[d] = 0
  :: else ->
       D.w = ((COUNTS_CONTACT(d)) -> MIN(D.w + 1, MANY) : 0);
       gone[d] = ((IS_A_SIDE(d)) -> MIN(gone[d] + 1, T_GRACE + EXTENSION_MAX + 1) : 0);
       extra[d] = ((IS_A_SIDE(d)) -> extra[d] : 0)
  fi
}

/* Is there nobody for whom this device rings, or nobody at the other end of its media? */
#define IS_GONE(k, d) (!device[d].alive || IS_OVER(VIEW_OF(k, d).ui))
#define CALLER_GONE(k) (call[k].phase == ENDED || !device[CALLER(k)].alive || VIEW_OF(k, CALLER(k)).ui == final)
#define PEER_GONE(k, d) (call[k].phase == ENDED || (call[k].winner != NOBODY && \
  ((d) == CALLER(k) -> IS_GONE(k, call[k].winner) : (d) != call[k].winner || IS_GONE(k, CALLER(k)))))

inline tick_view(k, d) {
  DOWN_TO_ZERO(V.t)
#ifndef NO_COUNTERS
  ;
  V.dead = (((V.ui == ring && CALLER_GONE(k)) || (V.ui == talking && PEER_GONE(k, d))) -> MIN(V.dead + 1, MANY) : 0);
  V.lag = ((C.phase == ENDED && D.alive && !IS_OVER(V.ui)) -> MIN(V.lag + 1, MANY) : 0);
  if
  :: V.ui == ring && V.dead > L2_BOUND -> violated("VIOLATED L2: a device rings on for nobody\n")
#ifdef MOVE
  :: V.ui == talking && C.st[d] == MOVED && V.dead > W_CALL ->
       violated("VIOLATED S2: the old device is in media long after the move\n")
#endif
  :: V.ui == talking && V.dead > L4_BOUND -> violated("VIOLATED L4: a device sends media to nobody\n")
  :: V.lag > L3_BOUND -> violated("VIOLATED L3: the call is over, and a device does not say so\n")
  :: else
  fi
#endif
}

proctype Clock() {
  do
  :: d_step { !SETTLED && !ALL_PROMPT && (server_up || outage < OUTAGE) ->
       printf("--- tick\n");
       outage = (server_up -> 0 : outage + 1);
       for (i : 0 .. DEVICES - 1) { tick_device(i) }
       for (j : 0 .. CALLS - 1) {
         tick_call(j);
         for (i : 0 .. DEVICES - 1) { tick_view(j, i) }
       }
#ifdef LIVENESS
       odd = 1 - odd
#endif
     }
  /* a server that has come back fires what is overdue before it can crash again */
  :: d_step { OUTAGE > 0 && server_up && !ALL_SERVER_DUE -> server_up = false; printf("server: crashes\n") }
  :: d_step { !server_up -> recover() }
  :: d_step { SETTLED -> skip }  /* so that a state where nothing can happen, yet not all is settled, is an error */
  od
}
