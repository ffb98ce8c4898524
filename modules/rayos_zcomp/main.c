// SPDX-License-Identifier: GPL-2.0-only
/*
 * rayos_zcomp: compressed memory.
 */
#include <linux/module.h>
#include <rayos/compat.h>

#include "codec.h"
#include "debugfs.h"
#include "disk.h"
#include "measure.h"
#include "netlink.h"
#include "pool.h"
#include "region.h"
#include "stream.h"
#include "worker.h"

static unsigned int num_devices = 1;
module_param(num_devices, uint, 0444);
MODULE_PARM_DESC(num_devices, "Block devices to begin with, at most 4096 (default 1)");

static int __init rayos_zcomp_init(void)
{
	int err;

	if (num_devices > 4096) {
		pr_err("num_devices=%u: must be at most 4096\n", num_devices);
		return -EINVAL;
	}
	err = rayos_zcomp_measure_init();
	if (err)
		return err;
	err = rayos_zcomp_stream_init();
	if (err)
		goto err_exit_measure;
	err = rayos_zcomp_codec_init();
	if (err)
		goto err_exit_stream;
	err = rayos_zcomp_worker_init();
	if (err)
		goto err_exit_codec;
	err = rayos_zcomp_disk_init(num_devices);
	if (err)
		goto err_exit_worker;
	err = rayos_zcomp_control_init();
	if (err)
		goto err_exit_disk;
	rayos_zcomp_debugfs_init();
	err = rayos_zcomp_nl_init();
	if (err)
		goto err_exit_debugfs;
	/* whoever opens it has the module stay: nothing may fail after it */
	err = rayos_zcomp_device_init();
	if (err)
		goto err_exit_nl;
	return 0;

err_exit_nl:
	rayos_zcomp_nl_exit();
err_exit_debugfs:
	rayos_zcomp_debugfs_exit();
	rayos_zcomp_control_exit();
err_exit_disk:
	rayos_zcomp_disk_exit();
err_exit_worker:
	rayos_zcomp_worker_exit();
err_exit_codec:
	rayos_zcomp_codec_exit();
	rayos_zcomp_segment_exit();
err_exit_stream:
	rayos_zcomp_stream_exit();
err_exit_measure:
	rayos_zcomp_measure_exit();
	return err;
}

static void __exit rayos_zcomp_exit(void)
{
	rayos_zcomp_device_exit();
	rayos_zcomp_nl_exit();
	rayos_zcomp_debugfs_exit();
	rayos_zcomp_control_exit();
	rayos_zcomp_disk_exit();
	rayos_zcomp_worker_exit();
	rayos_zcomp_codec_exit();
	rayos_zcomp_segment_exit();
	rayos_zcomp_stream_exit();
	rayos_zcomp_measure_exit();
}

module_init(rayos_zcomp_init);
module_exit(rayos_zcomp_exit);

MODULE_DESCRIPTION("Compressed memory");
MODULE_AUTHOR("RayOS maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAYOS_VERSION);
