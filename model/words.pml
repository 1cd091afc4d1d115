/* words.pml: the words of the specification, the sizes of a model and how a violation is reported.
 *
 * A scenario (call.pml, glare.pml, move.pml) defines who takes part and the timers, then includes this file, server.pml,
 * device.pml and world.pml, in this order. Every protecting rule has a switch that takes it away (#ifdef NO_…); check.py turns
 * on one after the other and expects a violation. Without any switch the rules are those of PROTOCOL.md.
 */

mtype = { NONE, INVITING, CONNECTING, ACTIVE, ENDED };                          /* phase of a call, in the server's log */
mtype = { NOTIFIED, RINGING, WINNER, ELSEWHERE, DECLINED, DONE, JOINING, MOVED };        /* a callee's device, in the server's log */
mtype = { off, quiet, placing, calling, ring, answering, joining, talking, moving, ending, final };   /* what a device shows */
mtype = { invite, ring_ack, answer, decline, hangup, give_up, media_up, move_here };                  /* commands */
mtype = { ended, declined, busy, no_answer, unreachable, cancelled, connect_failed, dropped };        /* outcomes of a call */
mtype = { answered_elsewhere, declined_elsewhere, missed, moved_elsewhere };    /* a device's own outcomes, by the server */
mtype = { lost_contact, server_unreachable };                                   /* … and by its watchdogs */
mtype = { UP, DOWN, HALF, SILENT };                                             /* link, see world.pml */

#define NOBODY 255
#define TIMER  254   /* "who" of an end by deadline */

/* Timers, in ticks. The scenario may set its own. */
#ifndef T_WAKE
#define T_WAKE 2
#endif
#ifndef T_RING
#define T_RING 2
#endif
#ifndef T_SETUP
#define T_SETUP 3
#endif
#ifndef T_CALLER_GRACE
#define T_CALLER_GRACE 2
#endif
#ifndef T_CONNECT
#define T_CONNECT 2
#endif
#ifndef T_GRACE
#define T_GRACE 2
#endif
#ifndef T_MOVE
#define T_MOVE 2
#endif
#ifndef EXTENSION      /* T_restart_ext: what a grace has left at least after a recovery … */
#define EXTENSION 1
#endif
#ifndef EXTENSION_MAX  /* … and the most that recoveries add to one grace */
#define EXTENSION_MAX 1
#endif
#ifndef OUTAGE         /* longest time without a server; 0: it never crashes */
#define OUTAGE 1
#endif

/* Watchdogs of the devices, in ticks (PROTOCOL.md section 8). */
#ifndef W_PLACE
#define W_PLACE 2
#endif
#ifdef CALLER_WATCHDOG_TOO_SHORT
#define W_CALLER (T_CALLER_GRACE - 1)
#else
#define W_CALLER (T_CALLER_GRACE + 1)
#endif
#ifndef W_RING
#define W_RING 2
#endif
#ifndef W_ANSWER
#define W_ANSWER 2
#endif
#ifndef W_CALL
#define W_CALL T_GRACE
#endif
#ifndef W_END
#define W_END 1
#endif
#define MARGIN 1       /* what a watchdog waits beyond a deadline of the server */

#define MIN(a, b) ((a) < (b) -> (a) : (b))
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* check.py shows the replayed trail, whose last line is the text. */
#define violated(text) printf(text); assert(false)
