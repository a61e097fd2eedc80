//go:build mpi

#define _GNU_SOURCE
#include "engine.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int dup_world(MPI_Comm *c) {
	int rc = MPI_Comm_dup(MPI_COMM_WORLD, c);
	return rc ? rc : MPI_Comm_set_errhandler(*c, MPI_ERRORS_RETURN);
}

int sl_open(sl_engine *e) {
	MPI_Comm node;
	int rc;
	if ((rc = dup_world(&e->calls)) || (rc = dup_world(&e->data)) || (rc = dup_world(&e->service)) ||
	    (rc = MPI_Comm_split_type(e->calls, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node)) ||
	    (rc = MPI_Comm_rank(node, &e->local_rank)) || (rc = MPI_Comm_size(node, &e->local_size)) ||
	    (rc = MPI_Comm_free(&node)))
		return rc;
	e->efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (e->efd < 0)
		return MPI_ERR_OTHER;
	// Timers of this thread are exact to 1 us; the default is 50 us late.
	prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
	e->last = now();
	return MPI_SUCCESS;
}

int sl_close(sl_engine *e) {
	int rc;
	if ((rc = MPI_Comm_free(&e->calls)) || (rc = MPI_Comm_free(&e->data)) || (rc = MPI_Comm_free(&e->service)))
		return rc;
	close(e->efd);
	free(e->reqs);
	free(e->indices);
	free(e->statuses);
	free(e->events);
	return MPI_SUCCESS;
}

// grow makes room for one more request.
static int grow(sl_engine *e) {
	if (e->n < e->room)
		return MPI_SUCCESS;
	int room = e->room ? 2 * e->room : 64;
	void *p;
	if (!(p = realloc(e->reqs, room * sizeof *e->reqs)))
		return MPI_ERR_NO_MEM;
	e->reqs = p;
	if (!(p = realloc(e->indices, room * sizeof *e->indices)))
		return MPI_ERR_NO_MEM;
	e->indices = p;
	if (!(p = realloc(e->statuses, room * sizeof *e->statuses)))
		return MPI_ERR_NO_MEM;
	e->statuses = p;
	if (!(p = realloc(e->events, room * sizeof *e->events)))
		return MPI_ERR_NO_MEM;
	e->events = p;
	e->room = room;
	return MPI_SUCCESS;
}

// APPEND posts one request by a call that takes its address last.
#define APPEND(e, call)                                 \
	do {                                            \
		int rc_ = grow(e);                      \
		if (rc_)                                \
			return rc_;                     \
		MPI_Request *req = &(e)->reqs[(e)->n];  \
		rc_ = (call);                           \
		if (!rc_)                               \
			(e)->n++;                       \
		return rc_;                             \
	} while (0)

int sl_ibarrier(sl_engine *e) { APPEND(e, MPI_Ibarrier(e->calls, req)); }

int sl_iallreduce(sl_engine *e, uint64_t *x, int n, int op) {
	// In the order of Op.
	MPI_Op ops[] = {MPI_SUM, MPI_MIN, MPI_MAX, MPI_BOR, MPI_BAND};
	MPI_Datatype t = ops[op] == MPI_MIN || ops[op] == MPI_MAX ? MPI_INT64_T : MPI_UINT64_T;
	APPEND(e, MPI_Iallreduce(MPI_IN_PLACE, x, n, t, ops[op], e->calls, req));
}

int sl_ibcast(sl_engine *e, void *p, int n, int root) { APPEND(e, MPI_Ibcast(p, n, MPI_BYTE, root, e->calls, req)); }

int sl_igather(sl_engine *e, const uint64_t *x, uint64_t *all, int root) {
	APPEND(e, MPI_Igather(x, 1, MPI_UINT64_T, all, 1, MPI_UINT64_T, root, e->calls, req));
}

int sl_isend(sl_engine *e, MPI_Comm c, const void *p, int n, int dst, int tag) {
	APPEND(e, MPI_Isend(p, n, MPI_BYTE, dst, tag, c, req));
}

int sl_issend(sl_engine *e, MPI_Comm c, const void *p, int n, int dst, int tag) {
	APPEND(e, MPI_Issend(p, n, MPI_BYTE, dst, tag, c, req));
}

int sl_irecv(sl_engine *e, MPI_Comm c, void *p, int n, int src, int tag) {
	if (src < 0)
		src = MPI_ANY_SOURCE;
	if (tag < 0)
		tag = MPI_ANY_TAG;
	APPEND(e, MPI_Irecv(p, n, MPI_BYTE, src, tag, c, req));
}

int sl_cancel(sl_engine *e, int index) { return MPI_Cancel(&e->reqs[index]); }

// reap turns the first out indices into events and removes their requests.
static int reap(sl_engine *e, int out, int in_status) {
	// From the highest index down, so that no request moves that is still to go.
	for (int i = 1; i < out; i++) {
		for (int j = i; j > 0 && e->indices[j - 1] < e->indices[j]; j--) {
			int k = e->indices[j];
			e->indices[j] = e->indices[j - 1];
			e->indices[j - 1] = k;
			MPI_Status s = e->statuses[j];
			e->statuses[j] = e->statuses[j - 1];
			e->statuses[j - 1] = s;
		}
	}
	for (int i = 0; i < out; i++) {
		MPI_Status *s = &e->statuses[i];
		sl_event *v = &e->events[i];
		v->index = e->indices[i];
		v->source = s->MPI_SOURCE;
		v->tag = s->MPI_TAG;
		v->code = in_status ? s->MPI_ERROR : MPI_SUCCESS;
		MPI_Test_cancelled(s, &v->cancelled);
		MPI_Get_count(s, MPI_BYTE, &v->count);
		e->reqs[v->index] = e->reqs[--e->n];
	}
	e->last = now();
	return out;
}

// nap returns how long to sleep, in ns: short while something has just happened, and
// never more than a fraction of the time that we have waited already.
static int64_t nap(sl_engine *e, int busy, int64_t idle_ns) {
	int64_t quiet = now() - e->last;
	int64_t t = quiet < 400000 ? quiet / 4 : quiet / 8;
	if (quiet < 400000 && t > 50000)
		t = 50000;
	int64_t most = busy ? 2000000 : idle_ns;
	if (t > most)
		t = most;
	return t < 5000 ? 5000 : t;
}

int sl_poll(sl_engine *e, int busy, int64_t idle_ns) {
	for (int tries = 0;; tries++) {
		int out = 0;
		int rc = MPI_Testsome(e->n, e->reqs, &out, e->indices, e->statuses);
		if (rc != MPI_SUCCESS && rc != MPI_ERR_IN_STATUS)
			return -rc;
		if (out != MPI_UNDEFINED && out > 0)
			return reap(e, out, rc == MPI_ERR_IN_STATUS);
		if (__atomic_exchange_n(&e->wake, 0, __ATOMIC_SEQ_CST)) {
			e->last = now();
			return 0;
		}
		// A thread that yields keeps its turn on a crowded machine; one that
		// sleeps waits for a new one.
		if (busy && (tries < 8 || now() - e->last < 100000)) {
			sched_yield();
			continue;
		}
		int64_t t = nap(e, busy, idle_ns);
		struct timespec ts = {t / 1000000000, t % 1000000000};
		struct pollfd fd = {e->efd, POLLIN, 0};
		__atomic_store_n(&e->asleep, 1, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&e->wake, __ATOMIC_SEQ_CST) && ppoll(&fd, 1, &ts, NULL) > 0) {
			uint64_t n;
			if (read(e->efd, &n, sizeof n) < 0)
				n = 0; // another wake came first
		}
		__atomic_store_n(&e->asleep, 0, __ATOMIC_SEQ_CST);
	}
}

int sl_alltoallv(sl_engine *e, const void *send, const int *scounts, const int *sdispls,
                 void *recv, const int *rcounts, const int *rdispls) {
	return MPI_Alltoallv(send, scounts, sdispls, MPI_BYTE, recv, rcounts, rdispls, MPI_BYTE, e->calls);
}

void sl_text(int code, char *text, int room) {
	char s[MPI_MAX_ERROR_STRING];
	int n = 0;
	if (MPI_Error_string(code, s, &n) != MPI_SUCCESS)
		n = 0;
	if (n >= room)
		n = room - 1;
	memcpy(text, s, n);
	text[n] = 0;
}

int sl_abort(int code) { return MPI_Abort(MPI_COMM_WORLD, code); }
