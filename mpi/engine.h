// The part of the MPI thread that is C: requests, waiting, and thin calls.
#ifndef SLUICE_ENGINE_H
#define SLUICE_ENGINE_H

#include <mpi.h>
#include <stdint.h>

// What became of one request.
typedef struct {
	int index; // in reqs, before the ones listed after it were removed
	int source, tag, count;
	int cancelled;
	int code; // MPI_SUCCESS, or the error
} sl_event;

// All fields but wake and asleep belong to the MPI thread.
typedef struct {
	MPI_Comm calls, data, service; // duplicates of MPI_COMM_WORLD that return errors
	int local_rank, local_size;

	MPI_Request *reqs; // n in use, without holes
	int n, room;
	int *indices;
	MPI_Status *statuses;
	sl_event *events;

	int efd;          // wakes the thread out of its sleep
	uint32_t wake;    // set by others: there is something new to post
	uint32_t asleep;  // set by the thread: write to efd too
	int64_t last;     // when something happened last, in ns of CLOCK_MONOTONIC
} sl_engine;

int sl_open(sl_engine *e);
int sl_close(sl_engine *e);

// sl_poll tests all requests until some complete, somebody wakes the thread, or an
// error comes up. It returns the number of events, or minus an MPI error. Completed requests are
// removed: the last one takes the place of each, in the order of the events.
// busy says that something is in flight; idle_ns is how long it sleeps at most if nothing is.
int sl_poll(sl_engine *e, int busy, int64_t idle_ns);

// These append one request, or none if they return an error.
int sl_ibarrier(sl_engine *e);
// sl_iallreduce compares as int64_t in min and max: MPICH 4.0.2 does so even for MPI_UINT64_T.
int sl_iallreduce(sl_engine *e, uint64_t *x, int n, int op);
int sl_ibcast(sl_engine *e, void *p, int n, int root);
int sl_igather(sl_engine *e, const uint64_t *x, uint64_t *all, int root);
int sl_isend(sl_engine *e, MPI_Comm c, const void *p, int n, int dst, int tag);
int sl_issend(sl_engine *e, MPI_Comm c, const void *p, int n, int dst, int tag);
int sl_irecv(sl_engine *e, MPI_Comm c, void *p, int n, int src, int tag);
// A src of -1 or a tag of -1 stands for any.

int sl_cancel(sl_engine *e, int index);
int sl_alltoallv(sl_engine *e, const void *send, const int *scounts, const int *sdispls,
                 void *recv, const int *rcounts, const int *rdispls);
void sl_text(int code, char *text, int room); // text of an MPI error
int sl_abort(int code);

#endif
