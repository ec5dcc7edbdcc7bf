// SPDX-License-Identifier: MIT
/* Runs work items in parallel, and handles their results in order. */
#include "base/crew.h"

#include <pthread.h>

#include "base/defs.h"
#include "base/memory.h"

struct site {
	const struct crew *crew;
	size_t next, done;
	unsigned workers;
	bool *is_finished;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *work(void *argument)
{
	struct site *site = argument;
	unsigned worker;

	pthread_mutex_lock(&site->lock);
	worker = site->workers++;
	while (site->next < site->crew->n) {
		size_t i;

		/* Finished items that wait for done() hold files: limit their number. */
		if (site->crew->done && site->next >= site->done + 4 * (size_t)site->crew->jobs) {
			pthread_cond_wait(&site->changed, &site->lock);
			continue;
		}
		i = site->next++;
		pthread_mutex_unlock(&site->lock);
		site->crew->work(i, worker, site->crew->context);
		pthread_mutex_lock(&site->lock);
		site->is_finished[i] = true;
		pthread_cond_broadcast(&site->changed);
	}
	pthread_mutex_unlock(&site->lock);
	return NULL;
}

void crew_run(const struct crew *crew)
{
	size_t jobs = MIN_OF(crew->jobs, crew->n), begun = 0;
	auto_free pthread_t *threads = mem_new(jobs + 1, sizeof(*threads));
	auto_free bool *is_finished = mem_new(crew->n + 1, sizeof(*is_finished));
	struct site site = { crew, 0, 0, 0, is_finished, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

	while (jobs > 1 && begun < jobs && !pthread_create(&threads[begun], NULL, work, &site))
		begun++;
	for (size_t i = 0; i < crew->n; i++) {
		if (begun) {
			pthread_mutex_lock(&site.lock);
			site.done = i;
			pthread_cond_broadcast(&site.changed);
			while (!site.is_finished[i])
				pthread_cond_wait(&site.changed, &site.lock);
			pthread_mutex_unlock(&site.lock);
		} else {
			crew->work(i, 0, crew->context);
		}
		if (crew->done)
			crew->done(i, crew->context);
	}
	for (size_t i = 0; i < begun; i++)
		pthread_join(threads[i], NULL);
}
