/* server.pml: the server's rules; one writer, one record per call. What is in Call is durable: a crash never takes it back.
 * A command is logged and takes effect in one step; telling the devices (news) is a step of its own, so a crash may lie between.
 */

typedef Call {
  mtype phase = NONE;
  mtype outcome;
  byte winner = NOBODY;         /* the callee's active device */
  bool rang;                    /* a device has acknowledged ringing */
  byte t_phase;                 /* left of the phase's deadline: T_setup, T_connect, T_max */
  byte t_ring;                  /* left of T_wake, and after the first ring_ack of T_ring */
  mtype st[DEVICES];            /* the server's word on each callee's device; 0: takes no part */
  bool media[DEVICES];          /* media_up was logged */
  bool session_open;            /* media may flow: tokens are valid, the SFU's lease runs */
  bool push[DEVICES];           /* a push is to be sent */
#ifdef MOVE
  byte target = NOBODY;         /* device that asked to take the call over */
  byte t_move;
#endif
#ifdef GLARE
  bool merged;                  /* this invite was taken as the answer of the other call */
  bool refused;                 /* ended busy at once; never was live */
#endif
  byte age;                     /* checker's own: ticks in this phase */
};

Call call[CALLS];
byte gone[DEVICES];             /* ticks since the last contact of a side of a live call; 0: in contact */
byte extra[DEVICES];            /* what recoveries have added to that side's grace */
bool server_up = true;
byte outage;
byte i, j;                      /* loops; a loop leaves its end value, so they add no states */

/* One view per (call, device): what the device shows, and what is under way between it and the server. */
typedef View {
  mtype ui = off;
  mtype word;                   /* the outcome it has shown, until the call has ended */
  mtype pending;                /* command not yet answered by the server; sent again until it is */
  byte t;                       /* left of the watchdog of this screen */
  bool news;                    /* outbox row: the server has something to tell it */
  bool had_final;               /* checker's own: the application was told an outcome */
  byte dead;                    /* checker's own: ticks of ringing for nobody, or of media with nobody */
  byte lag;                     /* checker's own: ticks since the end of the call, or since a person pressed something after it,
                                   without an outcome here */
};
View view[CALLS * DEVICES];

#define C        call[k]
#define V        view[k * DEVICES + d]
#define VIEW_OF(k, d) view[(k) * DEVICES + (d)]
#define LIVE(k)     (call[k].phase == INVITING || call[k].phase == CONNECTING || call[k].phase == ACTIVE)
#define ANSWERED(k) (call[k].phase == CONNECTING || call[k].phase == ACTIVE)
#define IN_CALL(k, d) ((d) == CALLER(k) || (d) == call[k].winner)
#define IS_SIDE(k, d) (LIVE(k) && IN_CALL(k, d))
#define CAN_RING(k, d) (call[k].st[d] == NOTIFIED || call[k].st[d] == RINGING)

/* --- telling */

inline tell_all(k) {
  for (i : 0 .. DEVICES - 1) {
    if
    :: i == CALLER(k) || C.st[i] != 0 -> VIEW_OF(k, i).news = true
    :: else
    fi
  }
}

/* The server's word for a device, 0 while there is none (PROTOCOL.md section 7). */
#define WORD_FOR(k, d) ( \
  (call[k].phase == ENDED && IN_CALL(k, d)) -> call[k].outcome : ( \
  ((d) == CALLER(k)) -> 0 : ( \
  (call[k].st[d] == MOVED) -> moved_elsewhere : ( \
  (call[k].st[d] == ELSEWHERE) -> answered_elsewhere : ( \
  (call[k].st[d] == DECLINED) -> declined : ( \
  (call[k].phase != ENDED) -> 0 : ( \
  (call[k].winner != NOBODY) -> answered_elsewhere : ( \
  (call[k].outcome == declined) -> declined_elsewhere : missed ))))))))

/* Table A2, written a second time and as a relation: may this device show this word once the call has this outcome? */
#define UNANSWERED(o) ((o) == declined || (o) == busy || (o) == no_answer || (o) == unreachable || (o) == cancelled)
#define LOCAL_WORD(w) ((w) == lost_contact || (w) == server_unreachable)
#define COMPATIBLE(k, d, w) ( LOCAL_WORD(w) || \
  (IN_CALL(k, d) && (w) == call[k].outcome) || \
  (!IN_CALL(k, d) && !UNANSWERED(call[k].outcome) && ((w) == answered_elsewhere || (w) == moved_elsewhere)) || \
  (!IN_CALL(k, d) && call[k].outcome == declined && ((w) == declined || (w) == declined_elsewhere)) || \
  (!IN_CALL(k, d) && UNANSWERED(call[k].outcome) && call[k].outcome != declined && (w) == missed) )

/* --- the end: every end of every call passes here */

inline end_call(k, what, who) {
  if
  :: C.phase == ENDED -> violated("VIOLATED S1: an ended call ended again\n")
  :: C.winner != NOBODY && UNANSWERED(what) -> violated("VIOLATED S3: an answered call got the outcome of an unanswered one\n")
  :: C.winner != NOBODY && who != TIMER && who != CALLER(k) && who != C.winner ->
       violated("VIOLATED S4: an answered call was ended by a device that is not in it\n")
  :: else
  fi;
  C.phase = ENDED; C.outcome = what; C.t_phase = 0; C.t_ring = 0; C.age = 0; C.rang = false;
#ifdef MOVE
  C.target = NOBODY; C.t_move = 0;
#endif
#ifndef SESSION_STAYS_OPEN
  C.session_open = false;
#endif
  for (i : 0 .. DEVICES - 1) {
    C.media[i] = false;
#ifndef PUSH_AFTER_END
    C.push[i] = false;
#endif
    if
    :: VIEW_OF(k, i).ui == final && !COMPATIBLE(k, i, VIEW_OF(k, i).word) ->
         violated("VIOLATED S9: the call ended with an outcome that a device's earlier word contradicts\n")
    :: else
    fi;
    VIEW_OF(k, i).word = 0; gone[i] = 0; extra[i] = 0  /* of no more use: fewer states */
  }
  if
  :: C.session_open -> violated("VIOLATED S14: media is still allowed for an ended call\n")
  :: else
  fi;
  tell_all(k);
  printf("server: call %d ENDED(%e)\n", k, what)
}

/* --- commands, as in src/core/call_engine.cpp; one in the wrong phase changes nothing and is answered with the record */

inline create(k) {
  C.phase = INVITING; C.t_phase = T_SETUP; C.t_ring = T_WAKE; C.age = 0;
  for (i : 0 .. DEVICES - 1) {
    C.st[i] = (IS_CALLEE(k, i) -> NOTIFIED : 0);
#ifdef PUSH
    C.push[i] = IS_CALLEE(k, i);
#endif
  }
  tell_all(k);
  printf("server: call %d INVITING\n", k)
}

inline accept_answer(k, who) {
  C.phase = CONNECTING; C.t_phase = T_CONNECT; C.t_ring = 0; C.age = 0; C.rang = false;
  C.winner = who; C.session_open = true;
#ifdef BUSY_FLAG_STORED
  busy_flag = true;
#endif
  for (i : 0 .. DEVICES - 1) {
    C.push[i] = false;
    if
    :: i == who && C.st[i] != 0 -> C.st[i] = WINNER
    :: i != who && CAN_RING(k, i) -> C.st[i] = ELSEWHERE
    :: else
    fi
  }
  gone[who] = 0; extra[who] = 0;
  tell_all(k);
  printf("server: call %d CONNECTING, device %d won\n", k, who)
}

/* --- moving the call to another device of the callee (B10) */

#ifdef MOVE
/* The active device keeps the call. */
inline stop_move(k) {
  C.st[C.target] = ELSEWHERE; C.media[C.target] = false; VIEW_OF(k, C.target).news = true;
  C.target = NOBODY; C.t_move = 0; C.age = 0;
  printf("server: the move is off\n")
}

inline finish_move(k) {
  if
  :: !C.media[C.target] -> violated("VIOLATED S2: the call was moved to a device without media\n")
  :: else
  fi;
  C.st[C.winner] = MOVED; C.media[C.winner] = false;
  C.winner = C.target; C.st[C.winner] = WINNER;
  gone[C.winner] = 0; extra[C.winner] = 0;
  C.target = NOBODY; C.t_move = 0; C.age = 0;
  tell_all(k);
#ifdef OLD_DEVICE_NOT_TOLD
  for (i : 0 .. DEVICES - 1) {
    if
    :: C.st[i] == MOVED -> VIEW_OF(k, i).news = false
    :: else
    fi
  }
#endif
  printf("server: call %d moved to device %d\n", k, C.winner)
}

inline on_move_here(k, d) {
  if
  :: C.phase == ACTIVE && C.target == NOBODY && d != CALLER(k) && d != C.winner ->
       C.target = d; C.st[d] = JOINING; C.t_move = T_MOVE; C.age = 0; gone[d] = 0; extra[d] = 0;
       printf("server: device %d may take the call over\n", d);
#ifdef MOVE_WITHOUT_MEDIA
       finish_move(k)
#endif
  :: else
  fi
}
#endif

/* --- what a callee's device and the caller may say */

inline on_ring_ack(k, d) {
  if
  :: C.phase == INVITING && C.st[d] == NOTIFIED ->
       C.st[d] = RINGING; C.push[d] = false;
       if
       :: !C.rang -> C.rang = true; C.t_ring = T_RING; VIEW_OF(k, CALLER(k)).news = true
       :: else
       fi
  :: else
  fi
}

inline on_answer(k, d) {
  if
  :: C.phase == INVITING && CAN_RING(k, d) -> accept_answer(k, d)
#ifdef SECOND_ANSWER_WINS
  :: C.phase == CONNECTING && C.st[d] == ELSEWHERE -> accept_answer(k, d)
#endif
  :: else
  fi
}

inline on_decline(k, d) {
  if
  :: C.phase == INVITING && CAN_RING(k, d) -> C.st[d] = DECLINED; end_call(k, declined, d)
#ifdef DECLINE_AFTER_ANSWER
  :: ANSWERED(k) -> end_call(k, declined, d)
#endif
  :: else
  fi
}

/* Also `cancel`: the caller's hang-up is one before the answer and none after it. */
inline on_hangup(k, d) {
  if
#ifdef CANCEL_AFTER_ANSWER
  :: LIVE(k) && d == CALLER(k) -> end_call(k, cancelled, d)
#else
  :: C.phase == INVITING && d == CALLER(k) -> end_call(k, cancelled, d)
  :: ANSWERED(k) && d == CALLER(k) -> end_call(k, ended, d)
#endif
  :: ANSWERED(k) && d == C.winner -> end_call(k, ended, d)
#ifdef LOSER_HANGUP_HONOURED
  :: ANSWERED(k) && d != CALLER(k) && d != C.winner -> end_call(k, ended, d)
#endif
  :: C.phase == INVITING && d != CALLER(k) -> on_decline(k, d)
#ifdef MOVE
  :: ANSWERED(k) && d == C.target -> stop_move(k)
#endif
  :: else
  fi
}

inline on_give_up(k, d) {
  if
  :: C.phase == INVITING && d == CALLER(k) -> end_call(k, cancelled, d)
  :: ANSWERED(k) && IN_CALL(k, d) -> end_call(k, dropped, d)
  :: C.phase == INVITING && d != CALLER(k) && CAN_RING(k, d) -> C.st[d] = DONE
#ifdef MOVE
  :: ANSWERED(k) && d == C.target -> stop_move(k)
#endif
  :: else
  fi
}

inline on_media_up(k, d) {
  if
  :: ANSWERED(k) && IN_CALL(k, d) ->
       C.media[d] = true;
       if
       :: C.phase == CONNECTING && C.media[CALLER(k)] && C.media[C.winner] ->
            C.phase = ACTIVE; C.age = 0;
#ifdef T_MAX
            C.t_phase = T_MAX;
#else
            C.t_phase = 1;  /* does not run */
#endif
            VIEW_OF(k, CALLER(k)).news = true; VIEW_OF(k, C.winner).news = true;
            printf("server: call %d ACTIVE\n", k)
       :: else
       fi
#ifdef MOVE
  :: ANSWERED(k) && d == C.target -> C.media[d] = true; finish_move(k)
#endif
  :: else
  fi
}

/* --- two users who call each other (B6) */

#ifdef GLARE
#define OTHER (1 - k)

inline accept_answer_of_other(k, d) {
  if
  :: k == 0 -> accept_answer(1, d)
  :: else -> accept_answer(0, d)
  fi
}

inline refuse_busy(k) {
  if
  :: !LIVE(OTHER) -> violated("VIOLATED S12: busy, and no live call there is\n")
  :: else
  fi;
  C.refused = true;
  end_call(k, busy, TIMER)
}
/* The first call logged stands; the second invite of the pair is its answer, or the same device's way back to it. */
inline on_invite(k, d) {
  if
  :: C.phase != NONE || C.merged -> skip  /* same cmd_id, same result */
#ifndef NO_GLARE_MERGE
  :: C.phase == NONE && !C.merged && call[OTHER].phase == INVITING ->
       C.merged = true;
       accept_answer_of_other(k, d)
#endif
#ifndef RECALL_RINGS
  :: C.phase == NONE && !C.merged && ANSWERED(OTHER) ->
       if
       :: IN_CALL(OTHER, d) -> C.merged = true
       :: else -> refuse_busy(k)
       fi
#endif
  :: else ->
#ifdef BUSY_FLAG_STORED
       if
       :: busy_flag -> refuse_busy(k)
       :: else -> create(k)
       fi
#else
       create(k)
#endif
  fi;
  if
  :: LIVE(0) && LIVE(1) -> violated("VIOLATED S13: two live calls between one pair of users\n")
  :: else
  fi
}

#else
inline on_invite(k, d) {
  if
  :: C.phase == NONE -> create(k)
#ifdef INVITE_NOT_REMEMBERED
  :: C.phase == ENDED -> violated("VIOLATED S11: a repeated invite made a second call\n"); create(k)
#endif
  :: else
  fi
}
#endif

inline handle_in(k, d, command) {
  if
  :: command == invite -> on_invite(k, d)
  :: command == ring_ack -> on_ring_ack(k, d)
  :: command == answer -> on_answer(k, d)
  :: command == decline -> on_decline(k, d)
  :: command == hangup -> on_hangup(k, d)
  :: command == give_up -> on_give_up(k, d)
  :: command == media_up -> on_media_up(k, d)
#ifdef MOVE
  :: command == move_here -> on_move_here(k, d)
#endif
  :: else
  fi
}

/* Any message of a live connection is contact; a late copy, which comes over an older one, is not. */
inline contact(k, d) {
  if
  :: IS_A_SIDE(d) ->
       gone[d] = 0; extra[d] = 0;
       for (i : 0 .. DEVICES - 1) { VIEW_OF(k, i).dead = 0 }  /* this one is not gone */
  :: else
  fi
}

/* After a merge the id of the second call stands for the first. */
#ifdef GLARE
byte meant;
inline handle(k, d, command) {
  printf("server: device %d says %e (call %d)\n", d, command, k);
  meant = (C.merged && command != invite -> OTHER : k);
  handle_in(meant, d, command);
  meant = 0
}
#else
inline handle(k, d, command) {
  printf("server: device %d says %e\n", d, command);
  handle_in(k, d, command)
}
#endif

/* --- deadlines */

#ifdef NO_SETUP_TIMEOUT
#define SETUP_DUE(k) false
#define RING_DUE(k) false
#else
#define SETUP_DUE(k) (call[k].phase == INVITING && call[k].t_phase == 0)
#define RING_DUE(k) (call[k].phase == INVITING && call[k].t_ring == 0)
#endif
#ifdef NO_CONNECT_TIMEOUT
#define CONNECT_DUE(k) false
#else
#define CONNECT_DUE(k) (call[k].phase == CONNECTING && call[k].t_phase == 0)
#endif
#ifdef NO_MAX_DURATION
#define MAX_DUE(k) false
#else
#define MAX_DUE(k) (call[k].phase == ACTIVE && call[k].t_phase == 0)
#endif
#ifdef NO_CALLER_GRACE
#define CALLER_GRACE_DUE(k) false
#else
#define CALLER_GRACE_DUE(k) (call[k].phase == INVITING && gone[CALLER(k)] >= T_CALLER_GRACE + extra[CALLER(k)])
#endif
#ifdef NO_DROP_GRACE
#define GRACE_DUE(k) false
#else
#define LOST(d) (gone[d] >= T_GRACE + extra[d])
#define GRACE_DUE(k) (ANSWERED(k) && (LOST(CALLER(k)) || LOST(call[k].winner)))
#endif
#if defined(MOVE) && !defined(NO_MOVE_TIMEOUT)
#define MOVE_DUE(k) (ANSWERED(k) && call[k].target != NOBODY && call[k].t_move == 0)
#else
#define MOVE_DUE(k) false
#endif
#define SERVER_DUE(k) (server_up && (SETUP_DUE(k) || RING_DUE(k) || CONNECT_DUE(k) || MAX_DUE(k) || \
  CALLER_GRACE_DUE(k) || GRACE_DUE(k) || MOVE_DUE(k)))

inline end_unanswered(k) {
  if
  :: C.rang -> end_call(k, no_answer, TIMER)
  :: else -> end_call(k, unreachable, TIMER)
  fi
}

/* Deadlines that fall due at one moment fire in any order, and before or after any command of that moment. */
proctype Deadlines(byte k) {
  do
  :: d_step { server_up && (SETUP_DUE(k) || RING_DUE(k)) -> end_unanswered(k) }
  :: d_step { server_up && CALLER_GRACE_DUE(k) -> end_call(k, cancelled, TIMER) }
  :: d_step { server_up && CONNECT_DUE(k) -> end_call(k, connect_failed, TIMER) }
  :: d_step { server_up && GRACE_DUE(k) -> end_call(k, dropped, TIMER) }
#ifdef BUSY_FLAG_STORED
  :: d_step { server_up && busy_flag && !LIVE(0) && !LIVE(1) -> busy_flag = false }  /* tidied up in a step of its own */
#endif
#ifdef T_MAX
  :: d_step { server_up && MAX_DUE(k) -> end_call(k, ended, TIMER) }
#endif
#ifdef MOVE
  :: d_step { server_up && MOVE_DUE(k) -> stop_move(k) }
#endif
  od
}

/* --- crash and recovery: deadlines are absolute and have run on; only the graces of the sides get a little longer */

inline extend(d) {
#ifdef RESTART_RESETS_GRACE
  gone[d] = 0
#else
  if
  :: gone[d] + EXTENSION > T_GRACE -> extra[d] = MAX(extra[d], MIN(EXTENSION_MAX, gone[d] + EXTENSION - T_GRACE))
  :: else
  fi
#endif
}

inline recover() {
  server_up = true; outage = 0;
  for (j : 0 .. CALLS - 1) {
    if
    :: LIVE(j) ->
         for (i : 0 .. DEVICES - 1) {
           if
           :: IS_SIDE(j, i) -> extend(i)
           :: else
           fi
         }
#ifdef RESTART_RESETS_RING
         if
         :: call[j].phase == INVITING -> call[j].t_phase = T_SETUP; call[j].t_ring = T_RING
         :: else
         fi
#endif
#if defined(MOVE) && defined(RESTART_RESETS_MOVE)
         call[j].t_move = (call[j].target != NOBODY -> T_MOVE : 0)
#endif
    :: else
    fi
  }
  printf("server: back\n")
}
