/* call.pml: one call. Device 0 calls a user with CALLEES devices (1 or 2); links, crashes, kills, pushes and late copies by switches. */

#ifndef CALLEES
#define CALLEES 2
#endif
#define DEVICES (CALLEES + 1)
#define CALLS 1
#define CALLER(k) 0
#define IS_CALLEE(k, d) ((d) != 0)
#define FIRST_VIEW(d) 0
#define MAY_RING(k, d) true
#define MAY_JOIN(k, d) true
#define IS_A_SIDE(d) IS_SIDE(0, d)
#define COUNTS_CONTACT(d) NEEDS_CONTACT(0, d)

/* Bounds, in ticks, as found to be the least that hold (README.md has the formulas). */
#ifndef L2_BOUND
#define L2_BOUND (T_CALLER_GRACE + W_RING)
#endif
#ifndef L3_BOUND
#define L3_BOUND (MAX(MAX(W_CALLER, W_CALL), MAX(W_ANSWER, T_CONNECT + MARGIN)))
#endif
#ifndef L4_BOUND
/* Whoever is killed, or heard but does not hear, was in contact up to the moment it is gone: its W_end saves nothing. */
#if defined(KILLS) || LINKS >= 3
#define L4_BOUND (T_GRACE + W_CALL + EXTENSION_MAX)
#else
#define L4_BOUND (T_GRACE - MIN(W_END, W_CALL) + W_CALL + EXTENSION_MAX)
#endif
#endif

#ifdef SHORT  /* every timer at its least, so that two devices and crashes can be searched together */
#define T_SETUP 2
#define T_RING 1
#define T_WAKE 1
#define T_CALLER_GRACE 1
#define T_GRACE 1
#define T_CONNECT 1
#define W_RING 1
#define W_ANSWER 1
#endif

#include "words.pml"
#include "server.pml"
#include "device.pml"

#ifdef PUSH
bool pushed[DEVICES];  /* a push is under way; it may come late, or never */
#endif
#ifdef LIVENESS
bit odd;
#endif

inline reply(k, d) { take(k, d) }
inline take_news(k, d) { take(k, d) }

#if CALLEES == 1
#define ALL_PROMPT (SERVER_DUE(0) || PROMPT(0, 0) || PROMPT(0, 1))
#define ALL_OVER (IS_OVER(view[0].ui) && IS_OVER(view[1].ui))
#else
#define ALL_PROMPT (SERVER_DUE(0) || PROMPT(0, 0) || PROMPT(0, 1) || PROMPT(0, 2))
#define ALL_OVER (IS_OVER(view[0].ui) && IS_OVER(view[1].ui) && IS_OVER(view[2].ui))
#endif
#define ALL_SERVER_DUE SERVER_DUE(0)
#define SETTLED (!LIVE(0) && ALL_OVER)

/* With two devices of the callee: the faults stop when all is settled, and of the two, which are alike, device 1 is the first
 * to have a link. The faults after the end are those of the runs with one device. */
#if CALLEES == 2
#define MAY_FAIL(d) (!SETTLED && ((d) != 2 || first_linked))
bool first_linked;
#define LINKED(d) first_linked = first_linked || d == 1
#else
#define MAY_FAIL(d) true
#define LINKED(d) skip
#endif

#include "world.pml"

#ifdef LIVENESS
/* Every call ends and everybody learns it: time cannot go on for ever (the clock stops when all is settled). */
ltl every_call_ends { !([]<>(odd == 0) && []<>(odd == 1)) }
#endif

init {
  atomic {
    view[0].ui = placing; view[0].pending = invite; view[0].t = W_PLACE;
    device[0].link = UP;
    run Client(0, 0); run Client(0, 1);
#if CALLEES == 2
    run Client(0, 2);
#endif
    run Deadlines(0); run Clock()
  }
}
