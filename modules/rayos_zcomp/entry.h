/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a page: 16 bytes.
 */
#ifndef _RAYOS_ZCOMP_ENTRY_H
#define _RAYOS_ZCOMP_ENTRY_H

#include <linux/bitfield.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait_bit.h>

/* Pages of a chunk, which share a lock and may share an object */
#define RAYOS_ZCOMP_GROUP	4

/*
 * Bits of a word.  The lock is that of the whole group and in the word of its
 * first page; all else is protected by it.
 */
#define RAYOS_ZCOMP_LOCK	0 /* number of the bit */
/* no object, but one word over and over */
#define RAYOS_ZCOMP_SAME	BIT(1)
/* the object is of the whole group */
#define RAYOS_ZCOMP_CHUNK	BIT(2)
/* not used since somebody has asked which pages are idle */
#define RAYOS_ZCOMP_IDLE	BIT(3)
/* enum rayos_zcomp_codec_kind of the object */
#define RAYOS_ZCOMP_KIND	GENMASK(6, 4)
/* it is kept as it is, and the handle is the number of a page frame */
#define RAYOS_ZCOMP_RAW		BIT(7)
/* when it was used last, see rayos_zcomp_clock() */
#define RAYOS_ZCOMP_USED	GENMASK(23, 8)
/* it is in memory, of a region only */
#define RAYOS_ZCOMP_RESIDENT	BIT(24)
/* it may be mapped as well, or else nobody uses it at the moment */
#define RAYOS_ZCOMP_MAPPED	BIT(25)
/* it is in memory because it could not be compressed, and has not changed since */
#define RAYOS_ZCOMP_HOPELESS	BIT(26)
/* to compress it better has been tried, and it has not changed since */
#define RAYOS_ZCOMP_TRIED	BIT(27)
/* its object in the pool, 0 for none */
#define RAYOS_ZCOMP_HANDLE	GENMASK(63, 28)

/**
 * struct rayos_zcomp_entry - what is known of a page
 * @word: as above
 * @fill: if it is one word over and over, this one; if it is in memory, its struct
 *	page
 */
struct rayos_zcomp_entry {
	unsigned long word;
	unsigned long fill;
};

static_assert(sizeof(struct rayos_zcomp_entry) == 16);

static inline void rayos_zcomp_lock(struct rayos_zcomp_entry *group)
{
	wait_on_bit_lock(&group->word, RAYOS_ZCOMP_LOCK, TASK_UNINTERRUPTIBLE);
}

static inline bool rayos_zcomp_trylock(struct rayos_zcomp_entry *group)
{
	return !test_and_set_bit_lock(RAYOS_ZCOMP_LOCK, &group->word);
}

static inline void rayos_zcomp_unlock(struct rayos_zcomp_entry *group)
{
	clear_bit_unlock(RAYOS_ZCOMP_LOCK, &group->word);
	/* before it is looked who waits */
	smp_mb__after_atomic();
	wake_up_bit(&group->word, RAYOS_ZCOMP_LOCK);
}

/* All but the lock, under which nobody else writes the word */
static inline void rayos_zcomp_set(struct rayos_zcomp_entry *entry,
				   unsigned long word)
{
	unsigned long lock = entry->word & BIT(RAYOS_ZCOMP_LOCK);

	WRITE_ONCE(entry->word, word | lock);
}

static inline u64 rayos_zcomp_handle(const struct rayos_zcomp_entry *entry)
{
	return FIELD_GET(RAYOS_ZCOMP_HANDLE, entry->word);
}

#endif
