/* glare.pml: two users who call each other, each once and at any time. Device 0 is A's; 1 and 2 are B's. Call 0 is that of device 0
 * to B, call 1 that of device 1 to A. The first invite logged makes a call; the other is its answer. With B_DEVICES 1 there is no
 * device 2. Only the links of the devices below FAILING fail, the others are always up.
 */

#define GLARE
#define CALL_AT_ANY_TIME
#ifndef B_DEVICES
#define B_DEVICES 2
#endif
#ifndef FAILING
#define FAILING DEVICES
#endif
#define DEVICES (B_DEVICES + 1)
#define CALLS 2
#define CALLER(k) (k)
#define IS_CALLEE(k, d) ((k) == 0 -> (d) != 0 : (d) == 0)
#define FIRST_VIEW(d) 0
#define MAY_FAIL(d) ((d) < FAILING)
#define LINKED(d) skip
#define L2_BOUND (T_CALLER_GRACE + W_RING)
#define L3_BOUND (MAX(MAX(W_CALLER, W_CALL), MAX(W_ANSWER, T_CONNECT + MARGIN)))
#define L4_BOUND (T_GRACE + W_CALL + EXTENSION_MAX)

/* A device that is calling does not ring for the same people: their call becomes its answer. */
#define MAY_RING(k, d) IS_OVER(VIEW_OF(1 - k, d).ui)
#define MAY_CALL(k, d) (IS_OVER(VIEW_OF(1 - k, d).ui) && VIEW_OF(1 - k, d).pending == 0)

/* A device finds itself the winner of a call it did not answer: its own invite was taken as the answer. It joins by the reply to
 * that invite, and not at all if its person has hung up or its watchdog has given up since. */
#define MAY_JOIN(k, d) ((d) == CALLER(k) || V.ui != off || VIEW_OF(1 - k, d).ui == off)

#define IS_A_SIDE(d) (IS_SIDE(0, d) || IS_SIDE(1, d))
#define COUNTS_CONTACT(d) (NEEDS_CONTACT(0, d) || NEEDS_CONTACT(1, d))

#include "words.pml"

bool called[CALLS];    /* each person calls once */
byte other;            /* 0 between the rules */
#ifdef BUSY_FLAG_STORED
bool busy_flag;
#endif

#include "server.pml"
#include "device.pml"

/* `welcome` holds the snapshots of all calls in one message. Were they told one by one, a link that breaks after the first, again
 * and again, would be contact for ever and never tell the second. */
inline take_other(k, d) {
  other = 1 - k;
  if
  :: VIEW_OF(other, d).news -> take(other, d)
  :: else
  fi;
  other = 0
}

inline take_news(k, d) { take(k, d); take_other(k, d) }

/* The reply to an invite may be "merged into the other call": the screen goes on with that one. That the person called anew lifts
 * the tombstone of a ringing this device had given up. */
inline reply(k, d) {
  if
  :: C.merged && (V.ui == placing || V.ui == ending) ->
       other = 1 - k;
       VIEW_OF(other, d).ui = (V.ui == ending -> ending : off);
       VIEW_OF(other, d).t = (V.ui == ending -> V.t : 0);
       VIEW_OF(other, d).had_final = false; VIEW_OF(other, d).pending = 0;
       V.ui = off; V.t = 0; V.news = false;
       printf("device %d: goes on with call %d\n", d, other);
       take(other, d);
       other = 0
  :: else -> take(k, d); take_other(k, d)
  fi
}

#define ALL_SERVER_DUE (SERVER_DUE(0) || SERVER_DUE(1))
#define PROMPT_HERE (PROMPT(0, 0) || PROMPT(0, 1) || PROMPT(1, 0) || PROMPT(1, 1))
#define OVER_HERE (IS_OVER(VIEW_OF(0, 0).ui) && IS_OVER(VIEW_OF(0, 1).ui) && IS_OVER(VIEW_OF(1, 0).ui) && IS_OVER(VIEW_OF(1, 1).ui))
#if B_DEVICES == 2
#define ALL_PROMPT (ALL_SERVER_DUE || PROMPT_HERE || PROMPT(0, 2))
#define SETTLED (!LIVE(0) && !LIVE(1) && OVER_HERE && IS_OVER(VIEW_OF(0, 2).ui))
#else
#define ALL_PROMPT (ALL_SERVER_DUE || PROMPT_HERE)
#define SETTLED (!LIVE(0) && !LIVE(1) && OVER_HERE)
#endif

#include "world.pml"

init {
  atomic {
    device[0].link = UP; device[1].link = UP;
    run Client(0, 0); run Client(0, 1); run Client(1, 0); run Client(1, 1);
#if B_DEVICES == 2
    device[2].link = UP;
    run Client(0, 2);
#endif
    run Deadlines(0); run Deadlines(1); run Clock()
  }
}
