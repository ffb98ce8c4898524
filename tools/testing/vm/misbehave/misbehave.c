// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that breaks the rule its parameter names, for testing that
 * tools/vm/run sees it.
 */
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define NR_LEAKS 8

static char *how = "";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "warn, uaf, lockorder, sleep, leak, oops or hang (default: none)");

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);
static DEFINE_SPINLOCK(lock_atomic);

static void use_after_free(void)
{
	int *p = kzalloc(sizeof(*p), GFP_KERNEL);

	kfree(p);
	pr_info("read %d\n", READ_ONCE(*p));
}

static void invert_locks(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

static void sleep_in_atomic(void)
{
	spin_lock(&lock_atomic);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock(&lock_atomic);
}

/* Several, since a stale word somewhere may still point at one of them. */
static void leak(void)
{
	void *p;
	int i;

	for (i = 0; i < NR_LEAKS; i++) {
		p = kmalloc(128, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
}

static void hang(void)
{
	DECLARE_COMPLETION_ONSTACK(never);

	wait_for_completion(&never);
}

static int __init misbehave_init(void)
{
	if (!strcmp(how, "warn"))
		WARN_ON(1);
	else if (!strcmp(how, "uaf"))
		use_after_free();
	else if (!strcmp(how, "lockorder"))
		invert_locks();
	else if (!strcmp(how, "sleep"))
		sleep_in_atomic();
	else if (!strcmp(how, "leak"))
		leak();
	else if (!strcmp(how, "oops"))
		WRITE_ONCE(*(int *)NULL, 0);
	else if (!strcmp(how, "hang"))
		hang();
	else if (*how)
		return -EINVAL;
	return 0;
}
module_init(misbehave_init);

static void __exit misbehave_exit(void)
{
}
module_exit(misbehave_exit);

MODULE_DESCRIPTION("Breaks a rule of the kernel on request");
MODULE_AUTHOR("The RayOS developers");
MODULE_LICENSE("GPL");
