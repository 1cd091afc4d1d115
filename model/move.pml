/* move.pml: a call is active between device 0 and device 1; device 2, of the same user as 1, may pull it over, and 1 may pull it back. */

#define MOVE
#define DEVICES 3
#define CALLS 1
#define CALLER(k) 0
#define IS_CALLEE(k, d) ((d) != 0)
#define FIRST_VIEW(d) 0
#define MAY_RING(k, d) true
#define MAY_JOIN(k, d) true
#define MAY_FAIL(d) (!SETTLED)
#define LINKED(d) skip
#define IS_A_SIDE(d) IS_SIDE(0, d)
#define COUNTS_CONTACT(d) NEEDS_CONTACT(0, d)
#define T_MOVE 1  /* less than T_grace, as the start-up checks demand */
#define L2_BOUND (T_CALLER_GRACE + W_RING)
#define L3_BOUND (MAX(W_CALL, T_CONNECT + MARGIN))
#define L4_BOUND (T_GRACE + W_CALL + EXTENSION_MAX)

#include "words.pml"
#include "server.pml"
#include "device.pml"

inline reply(k, d) { take(k, d) }
inline take_news(k, d) { take(k, d) }

#define ALL_SERVER_DUE SERVER_DUE(0)
#define ALL_PROMPT (ALL_SERVER_DUE || PROMPT(0, 0) || PROMPT(0, 1) || PROMPT(0, 2))
#define SETTLED (!LIVE(0) && IS_OVER(view[0].ui) && IS_OVER(view[1].ui) && IS_OVER(view[2].ui))

#include "world.pml"

init {
  atomic {
    call[0].phase = ACTIVE; call[0].t_phase = 1; call[0].winner = 1; call[0].session_open = true;
    call[0].st[1] = WINNER; call[0].st[2] = ELSEWHERE; call[0].media[0] = true; call[0].media[1] = true;
    view[0].ui = talking; view[1].ui = talking;
    view[2].ui = final; view[2].word = answered_elsewhere; view[2].had_final = true;
    device[0].link = UP; device[1].link = UP; device[2].link = UP;
    run Client(0, 0); run Client(0, 1); run Client(0, 2);
    run Deadlines(0); run Clock()
  }
}
