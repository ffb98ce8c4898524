// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/rayz-control: devices are added by reading hot_add, which tells the
 * number of the new one, and removed by writing a number to hot_remove.
 */
#include <linux/device/class.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>
#include <rayos/compat_block.h>

#include "disk.h"

static ssize_t hot_add_show(RAYOS_CLASS_CONST struct class *class,
			    RAYOS_CLASS_CONST struct class_attribute *attr,
			    char *buf)
{
	int id = rayos_zcomp_disk_add();

	return id < 0 ? id : sysfs_emit(buf, "%d\n", id);
}

/* Who may read it makes a device */
static struct class_attribute class_attr_hot_add =
	__ATTR(hot_add, 0400, hot_add_show, NULL);

static ssize_t hot_remove_store(RAYOS_CLASS_CONST struct class *class,
				RAYOS_CLASS_CONST struct class_attribute *attr,
				const char *buf, size_t count)
{
	int id, err;

	err = kstrtoint(buf, 10, &id);
	if (!err)
		err = id < 0 ? -EINVAL : rayos_zcomp_disk_del(id);
	return err ?: count;
}

static CLASS_ATTR_WO(hot_remove);

static struct attribute *control_attrs[] = {
	&class_attr_hot_add.attr,
	&class_attr_hot_remove.attr,
	NULL
};
ATTRIBUTE_GROUPS(control);

static struct class control = {
	.name = "rayz-control",
	.class_groups = control_groups,
};

/**
 * rayos_zcomp_control_init() - let devices be added and removed
 *
 * Context: May sleep.
 * Return: 0 or -errno.
 */
int rayos_zcomp_control_init(void)
{
	return class_register(&control);
}

/**
 * rayos_zcomp_control_exit() - let none be added any more
 *
 * Context: May sleep.
 */
void rayos_zcomp_control_exit(void)
{
	class_unregister(&control);
}
