/* device.pml: what a client library does, callers and callees alike: it shows what the server says, and its watchdogs act when
 * the server's word does not come (PROTOCOL.md section 8). Views of a device that was killed keep only what was stored.
 */

typedef Device {
  bool alive = true;
  mtype link = DOWN;
  byte w;                       /* ticks since the last contact with the server, counted while a watchdog needs it */
};
Device device[DEVICES];
mtype told;
#define D device[d]

#define TALKS(d)   (device[d].alive && server_up && device[d].link == UP)
#define IS_OVER(x) ((x) == final || (x) == off || (x) == quiet)   /* nothing on the screen that waits for an end */
#define IN_MEDIA(x) ((x) == joining || (x) == talking)

/* --- what is shown */

/* The application is told the outcome, once; a tombstone is stored with it. */
inline finish(k, d, what) {
  V.word = what;
  printf("device %d: shows %e\n", d, V.word);
  if
  :: V.had_final -> violated("VIOLATED S6: a second final callback\n")
  :: !V.had_final && C.phase != ENDED && !LOCAL_WORD(V.word) && V.word != answered_elsewhere && V.word != moved_elsewhere &&
     V.word != declined -> violated("VIOLATED S8: a device shows an outcome before the server has decided it\n")
  :: !V.had_final && C.phase == ENDED && !COMPATIBLE(k, d, V.word) ->
       violated("VIOLATED S9: a device's outcome contradicts that of the call\n")
  :: else
  fi;
  V.had_final = true; V.ui = final; V.t = 0;
  V.word = (C.phase == ENDED -> 0 : V.word)
}

inline start_ring(k, d, left) {
  if
  :: V.had_final -> violated("VIOLATED S5: a device rings again after its own outcome\n")
  :: else
  fi;
  V.ui = ring; V.pending = ring_ack; V.t = left + MARGIN; V.dead = 0; V.lag = 0;
  printf("device %d: rings\n", d)
}

/* "Answered", with media to come. */
inline join(k, d) {
  for (i : 0 .. DEVICES - 1) {
    VIEW_OF(k, i).dead = 0;  /* whoever was alone is so no longer */
    if
    :: i != d && d != CALLER(k) && i != CALLER(k) && IN_MEDIA(VIEW_OF(k, i).ui) && C.st[i] != MOVED ->
         violated("VIOLATED S2: two devices of one user are in the call\n")
    :: else
    fi
  }
  if
  :: !(ANSWERED(k) && IN_CALL(k, d)) -> violated("VIOLATED S7: a device shows `answered`, and the log does not name it\n")
  :: V.had_final -> violated("VIOLATED S5: a device is in the call after its own outcome\n")
  :: else
  fi;
  if
  :: C.phase == ACTIVE -> V.ui = talking; V.t = 0
  :: else -> V.ui = joining; V.t = C.t_phase + MARGIN
  fi;
  printf("device %d: shows %e\n", d, V.ui)
}

#define SERVER_COUNTS_ON(k, d) (IS_SIDE(k, d) || (call[k].phase == INVITING && CAN_RING(k, d)))

/* A snapshot arrives: all that the server's record says to this device. */
inline take(k, d) {
  V.news = false; D.w = 0;
  told = WORD_FOR(k, d);
  if
  :: V.ui == final ->  /* it gave up: out for good, and the server is told until it knows */
       V.pending = ((V.pending == 0 && SERVER_COUNTS_ON(k, d)) -> give_up : V.pending)
  :: V.ui != final && told != 0 -> finish(k, d, told); V.pending = 0
  :: V.ui != final && told == 0 && C.phase == INVITING ->
       if
       :: d == CALLER(k) && (V.ui == placing || V.ui == off || V.ui == calling) -> V.ui = calling; V.t = C.t_phase + MARGIN
       :: d != CALLER(k) && CAN_RING(k, d) && (V.ui == off || V.ui == quiet) && MAY_RING(k, d) -> start_ring(k, d, C.t_phase)
       :: V.ui == ring -> V.t = C.t_phase + MARGIN
       :: else
       fi
  :: V.ui != final && told == 0 && ANSWERED(k) && IN_CALL(k, d) && V.ui != ending && V.ui != talking && (V.ui != joining || C.phase == ACTIVE) &&
     MAY_JOIN(k, d) -> join(k, d)
  :: else
  fi;
  told = 0
}

/* An older snapshot arrives again (a duplicate, or out of order): "inviting" for somebody who is in the call. */
inline show_old(k, d) {
#ifdef NO_VERSION_CHECK
  violated("VIOLATED S10: a lower version is shown after a higher one\n");
  V.ui = (d == CALLER(k) -> calling : ring)
#else
  skip  /* a lower version is ignored */
#endif
}

/* --- what people do */

inline press_answer(k, d) {
  V.ui = answering; V.pending = answer; V.t = W_ANSWER; D.w = 0; V.lag = 0;
  printf("device %d: answer is pressed\n", d);
#ifdef CONNECTED_ON_OWN_TAP
  join(k, d)
#endif
}

/* The screen is gone at once; the outcome is the server's word, or lost_contact after W_end. */
inline press_hangup(k, d, command) {
  V.ui = ending; V.pending = command; V.t = W_END; D.w = 0; V.lag = 0;
  printf("device %d: %e is pressed\n", d, V.pending);
#ifdef HANGUP_SHOWN_AT_ONCE
  finish(k, d, (d == CALLER(k) -> cancelled : declined))
#endif
}

/* --- watchdogs */

#ifdef NO_CLIENT_WATCHDOGS
#define WATCHDOG_DUE(k, d) false
#define RING_WATCHDOG_DUE(k, d) false
#else
#define TIMED(x) ((x) == placing || (x) == calling || (x) == answering || (x) == joining || (x) == moving || (x) == ending)
#define WATCHDOG_DUE(k, d) (device[d].alive && ((TIMED(VIEW_OF(k, d).ui) && VIEW_OF(k, d).t == 0) || \
  (VIEW_OF(k, d).ui == calling && device[d].w >= W_CALLER) || (VIEW_OF(k, d).ui == talking && device[d].w >= W_CALL)))
#ifdef NO_RING_WATCHDOG
#define RING_WATCHDOG_DUE(k, d) false
#else
#define RING_WATCHDOG_DUE(k, d) (device[d].alive && VIEW_OF(k, d).ui == ring && \
  (VIEW_OF(k, d).t == 0 || device[d].w >= W_RING))
#endif
#endif
#define DEVICE_DUE(k, d) (WATCHDOG_DUE(k, d) || RING_WATCHDOG_DUE(k, d))

/* place, caller, setup, answer, connect, call, end: out for good, and give_up waits for a link. */
inline watchdog(k, d) {
#ifdef CHECK_CALLER_GRACE_FIRST
  if
  :: V.ui == calling && C.phase == INVITING && server_up ->
       violated("VIOLATED C1: the caller gave up before a live server had ended the call for its sake\n")
  :: else
  fi;
#endif
  V.pending = ((V.ui == ending && V.pending != 0) -> V.pending : give_up);
  finish(k, d, (V.ui == placing -> server_unreachable : lost_contact));
  D.w = 0
}

/* Without contact the ringing only stops: it may begin again on a live snapshot. Past its own deadline the device is out; it
 * must not guess `missed` then, because the call may have ended otherwise and the news be on its way. */
inline ring_watchdog(k, d) {
  if
  :: V.t > 0 -> V.ui = quiet; V.t = 0; V.pending = 0; printf("device %d: stops ringing\n", d)
#ifdef RING_WATCHDOG_SAYS_MISSED
  :: V.t == 0 -> finish(k, d, missed); V.pending = give_up
#else
  :: V.t == 0 -> finish(k, d, lost_contact); V.pending = give_up
#endif
  fi;
  D.w = 0
}

/* --- the application is killed, and started again */

inline kill(k, d) {
  if
#ifdef NO_TOMBSTONE
  :: V.ui == final -> V.ui = off; V.pending = 0
#else
  :: V.ui == final -> skip  /* tombstone and waiting command are stored */
#endif
  :: else -> V.ui = off; V.pending = 0; V.t = 0
  fi
}
