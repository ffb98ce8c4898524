// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs of pages in a region.
 *
 * The region is mapped as a whole, once.  What is known of its runs is in an array with
 * an element for each page, of which only those of the first and the last page of a
 * run are ever touched: memory is needed for what is used, not for what there could
 * be.  A bit for each page tells where runs begin.  Free runs are in lists by their
 * size, and neighbours that are free become one.
 *
 * A process that has forked has a region of its own afterwards, with the same
 * contents at the same place, as private memory would be.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "../../../include/uapi/linux/rayos_zcomp_region.h"
#include "space.h"

#define DEVICE		"/dev/rayos_zcomp"
#define USED		0x80000000u
#define NONE		UINT32_MAX
#define LISTS		32

/* 1 TiB is the most that a region can have, and a quarter more than enough */
#define PAGES_MAX	(1UL << 26)
#define PAGES_MIN	(1UL << 18)

/**
 * struct run - what is known of the run that begins or ends with a page
 * @pages: its size, with USED if it is
 * @next: the next free one as large, or NONE
 * @before: the one before in that list, or NONE
 */
struct run {
	uint32_t pages;
	uint32_t next;
	uint32_t before;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all below */
static int fd = -1;
static char *base;
static uint32_t nr_pages;
static struct run *runs;
static uint64_t *begins;
static uint32_t lists[LISTS];
static int forked[2];

static uint32_t list_of(uint32_t pages)
{
	return 31 - __builtin_clz(pages);
}

static void mark(uint32_t first, uint32_t pages, uint32_t used)
{
	runs[first].pages = pages | used;
	runs[first + pages - 1].pages = pages | used;
	begins[first / 64] |= 1ULL << first % 64;
}

/* There begins no run any more, as it is part of the one before */
static void unmark(uint32_t first)
{
	begins[first / 64] &= ~(1ULL << first % 64);
}

/* Where the run begins that a page is of */
static uint32_t begin_of(uint32_t page)
{
	uint32_t word = page / 64;
	uint64_t bits = begins[word] & (~0ULL >> (63 - page % 64));

	while (!bits)
		bits = begins[--word];
	return word * 64 + 63 - __builtin_clzll(bits);
}

static void add_free(uint32_t first, uint32_t pages)
{
	uint32_t *list = &lists[list_of(pages)];

	mark(first, pages, 0);
	runs[first].next = *list;
	runs[first].before = NONE;
	if (*list != NONE)
		runs[*list].before = first;
	*list = first;
}

static void del_free(uint32_t first)
{
	struct run *run = &runs[first];

	if (run->before != NONE)
		runs[run->before].next = run->next;
	else
		lists[list_of(run->pages)] = run->next;
	if (run->next != NONE)
		runs[run->next].before = run->before;
}

/* The first that is large enough, of the smallest ones */
static uint32_t find(uint32_t pages)
{
	uint32_t list, at;

	for (list = list_of(pages); list < LISTS; list++) {
		for (at = lists[list]; at != NONE; at = runs[at].next) {
			if (runs[at].pages >= pages)
				return at;
		}
	}
	return NONE;
}

/* A run that is free becomes used, but for what is around of it */
static void take(uint32_t first, uint32_t at, uint32_t pages)
{
	uint32_t whole = runs[first].pages, end = first + whole;

	del_free(first);
	if (at > first)
		add_free(first, at - first);
	if (at + pages < end)
		add_free(at + pages, end - at - pages);
	mark(at, pages, USED);
}

static void give_back(uint32_t first, uint32_t pages)
{
	uint32_t end = first + pages;

	if (end < nr_pages && !(runs[end].pages & USED)) {
		del_free(end);
		unmark(end);
		end += runs[end].pages;
	}
	if (first && !(runs[first - 1].pages & USED)) {
		unmark(first);
		first -= runs[first - 1].pages;
		del_free(first);
	}
	add_free(first, end - first);
}

static uint32_t page_of(const void *at)
{
	return ((const char *)at - base) / SPACE_PAGE;
}

static uint32_t pages_for(size_t bytes)
{
	return (bytes + SPACE_PAGE - 1) / SPACE_PAGE;
}

/* A region at a place, or anywhere.  Returns its file, or -1 */
static int open_region(void *where, char **at)
{
	uint64_t size = nr_pages * SPACE_PAGE;
	int file = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (file < 0)
		return -1;
	*at = MAP_FAILED;
	if (!ioctl(file, RAYOS_ZCOMP_SET_SIZE, &size))
		*at = mmap(where, size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_NORESERVE | (where ? MAP_FIXED : 0),
			   file, 0);
	if (*at != MAP_FAILED)
		return file;
	close(file);
	return -1;
}

/* Four times the memory that there is, as it may be compressed */
static uint32_t usual_pages(void)
{
	struct sysinfo info;
	uint64_t pages = PAGES_MIN;

	if (!sysinfo(&info))
		pages = (uint64_t)info.totalram * info.mem_unit / SPACE_PAGE * 4;
	if (pages < PAGES_MIN)
		return PAGES_MIN;
	return pages > PAGES_MAX ? PAGES_MAX : pages;
}

/* Makes the region.  Returns 0, or -1 with errno; then there is none */
int space_init(void)
{
	size_t bits;
	int i;

	nr_pages = usual_pages();
	bits = (size_t)nr_pages / 8 + sizeof(*begins);
	begins = mmap(NULL, bits + nr_pages * sizeof(*runs),
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (begins == MAP_FAILED)
		return -1;
	runs = (struct run *)((char *)begins + bits);
	fd = open_region(NULL, &base);
	if (fd < 0) {
		munmap(begins, bits + nr_pages * sizeof(*runs));
		return -1;
	}
	for (i = 0; i < LISTS; i++)
		lists[i] = NONE;
	add_free(0, nr_pages);
	return 0;
}

bool space_has(const void *at)
{
	return fd >= 0 && (const char *)at >= base &&
	       (const char *)at < base + nr_pages * SPACE_PAGE;
}

/* Zeroes, aligned to a power of two of pages at least.  NULL if there is no room */
void *space_alloc(size_t bytes, size_t align)
{
	uint32_t pages, slack, first, at;

	if (fd < 0 || !bytes || bytes > nr_pages * SPACE_PAGE ||
	    align > nr_pages * SPACE_PAGE)
		return NULL;
	pages = pages_for(bytes);
	slack = align > SPACE_PAGE ? align / SPACE_PAGE : 0;
	pthread_mutex_lock(&lock);
	first = find(pages + slack);
	at = first;
	if (first != NONE) {
		if (slack)
			at += -((uintptr_t)(base + first * SPACE_PAGE) /
				SPACE_PAGE) & (slack - 1);
		take(first, at, pages);
	}
	pthread_mutex_unlock(&lock);
	return first == NONE ? NULL : base + at * SPACE_PAGE;
}

/* Bytes of the run that begins here, 0 if none does */
size_t space_size(const void *at)
{
	uint32_t pages;

	pthread_mutex_lock(&lock);
	pages = runs[page_of(at)].pages;
	pthread_mutex_unlock(&lock);
	return pages & USED ? (pages & ~USED) * SPACE_PAGE : 0;
}

/* Its memory is given back, and it is zeroes */
void space_discard(void *at, size_t bytes)
{
	struct rayos_zcomp_range range = {
		.offset = (char *)at - base,
		.len = pages_for(bytes) * SPACE_PAGE,
	};
	int saved = errno;

	ioctl(fd, RAYOS_ZCOMP_DISCARD, &range);
	errno = saved;
}

/* Pages from @first to @end, all of one run, are free again; the lock is held */
static void cut(uint32_t begin, uint32_t first, uint32_t end)
{
	uint32_t whole = begin + (runs[begin].pages & ~USED);

	if (first > begin)
		mark(begin, first - begin, USED);
	if (end < whole)
		mark(end, whole - end, USED);
	mark(first, end - first, USED);
	give_back(first, end - first);
}

/* Memory is needed no more, whole runs or parts of some */
void space_release(void *at, size_t bytes)
{
	uint32_t first = page_of(at), end = first + pages_for(bytes);
	uint32_t begin, stop;

	mprotect(at, (end - first) * SPACE_PAGE, PROT_READ | PROT_WRITE);
	space_discard(at, bytes);
	pthread_mutex_lock(&lock);
	for (; first < end; first = stop) {
		begin = begin_of(first);
		stop = begin + (runs[begin].pages & ~USED);
		if (stop > end)
			stop = end;
		if (runs[begin].pages & USED)
			cut(begin, first, stop);
	}
	pthread_mutex_unlock(&lock);
}

/* A run becomes smaller, or stays as it is.  Returns false if it is too small */
bool space_trim(void *at, size_t bytes)
{
	size_t size = space_size(at), keep = pages_for(bytes) * SPACE_PAGE;

	if (keep > size)
		return false;
	if (keep < size)
		space_release((char *)at + keep, size - keep);
	return true;
}

/* Through the file, as a part of it may be protected; zeroes need no memory */
static int copy_run(uint32_t first, uint32_t end, char *to)
{
	static const char zeroes[SPACE_PAGE];
	static char page[SPACE_PAGE];
	uint32_t i;

	for (i = first; i < end; i++) {
		if (pread(fd, page, SPACE_PAGE, i * SPACE_PAGE) != SPACE_PAGE)
			return -1;
		if (memcmp(page, zeroes, SPACE_PAGE))
			memcpy(to + i * SPACE_PAGE, page, SPACE_PAGE);
	}
	return 0;
}

static int copy_used(char *to)
{
	uint32_t first, pages;
	int err = 0;

	for (first = 0; first < nr_pages && !err; first += pages) {
		pages = runs[first].pages & ~USED;
		if (runs[first].pages & USED)
			err = copy_run(first, first + pages, to);
	}
	return err;
}

/* Nobody takes or gives memory while there become two of us */
void space_before_fork(void)
{
	pthread_mutex_lock(&lock);
	if (pipe2(forked, O_CLOEXEC))
		forked[0] = -1;
}

/* What the child has to copy must not change before it has */
void space_in_parent(void)
{
	int saved = errno;
	char none;

	if (forked[0] >= 0) {
		close(forked[1]);
		while (read(forked[0], &none, 1) < 0 && errno == EINTR)
			;
		close(forked[0]);
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

/* A region of its own with the same contents at the same place.  Returns 0 or -1 */
static int own_region(void)
{
	char *copy, *again = MAP_FAILED;
	int file = open_region(NULL, &copy);

	if (file < 0)
		return -1;
	if (!copy_used(copy))
		again = mmap(base, nr_pages * SPACE_PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_NORESERVE | MAP_FIXED, file, 0);
	munmap(copy, nr_pages * SPACE_PAGE);
	if (again == MAP_FAILED) {
		close(file);
		return -1;
	}
	close(fd);
	fd = file;
	return 0;
}

/* A child that cannot have memory of its own must not change its parent's */
void space_in_child(void)
{
	static const char why[] = "rayctl: a child has no memory of its own\n";

	if (own_region()) {
		if (write(STDERR_FILENO, why, sizeof(why) - 1) < 0)
			_exit(127);
		_exit(127);
	}
	if (forked[0] >= 0) {
		close(forked[0]);
		close(forked[1]);
	}
	pthread_mutex_unlock(&lock);
}
