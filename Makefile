# SPDX-License-Identifier: GPL-2.0-only
# The user's door: `make help` says what is behind it.  What the kernel's build
# system reads is Kbuild.

VERSION := $(shell cat VERSION)

# The kernel to build for: the running one if its headers are there, else the
# newest whose headers are.
headers := $(patsubst %/Makefile,%,$(wildcard /lib/modules/*/build/Makefile))
running := $(filter /lib/modules/$(shell uname -r)/build,$(headers))
newest := $(lastword $(shell printf '%s\n' $(headers) | sort -V))
KDIR ?= $(or $(running),$(newest))
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)

# What a machine needs to build the modules, and where DKMS looks for it.
source := COPYING Kbuild LICENSES VERSION dkms.conf include modules
dkms := /usr/src/rayos-$(VERSION)
dkms-remove = if dkms status rayos/$(VERSION) | grep -q .; then \
		      dkms remove rayos/$(VERSION) --all; fi; rm -rf $(dkms)

# Kbuild writes beside its sources, hence the copy.
kmod = build/kmod-$(release)

.PHONY: all modules rayctl deps check kunit lint demo bench soak regen docs deb \
	install uninstall clean help have-kdir have-dkms have-libraries

all: modules rayctl	## build the modules and rayctl

modules: have-kdir	## build the modules for the kernel whose build tree is KDIR
	@mkdir -p $(kmod)
	@cp -pRu Kbuild VERSION include modules $(kmod)/
	$(MAKE) -C $(KDIR) M=$(CURDIR)/$(kmod) modules
	@printf '%s\n' $(kmod)/modules/*/*.ko

rayctl: have-libraries	## build the command-line tool
	$(MAKE) -C tools/rayctl VERSION=$(VERSION)

deps:			## install the packages that the other targets need
	tools/deps all

check:			## run every check and test, or CHECK="STAGE..." of them
	tools/check $(CHECK)

kunit:			## run the KUnit suites in a debugging kernel
	tools/check kunit

lint:			## check style, types, documentation and generated files
	tools/check lint

demo:			## watch the modules at work in a stock kernel
	tools/deps test
	tools/demo/run

bench:			## compare with the alternatives, or BENCH=NAME of them
	tools/deps test
	tools/bench/run $(BENCH)

HOURS ?= 4
LANE ?= stock-6.1

soak:			## look for damage for HOURS, 4 by default, in LANE
	tools/deps test
	$(MAKE) rayctl
	tools/vm/run --lane $(LANE) --timeout $$(($(HOURS) * 3600 + 1200)) -- \
		tools/testing/zcomp/soak $$(($(HOURS) * 3600))

regen:			## write anew what the netlink specs define
	tools/regen

docs:			## make the man pages
	$(MAKE) -C tools/rayctl VERSION=$(VERSION) man

deb:			## build Debian packages in build/deb
	tools/deps deb
	rm -rf build/deb
	mkdir -p build/deb/rayos-$(VERSION)
	git ls-files -z | xargs -0 cp --parents -Pt build/deb/rayos-$(VERSION)
	cd build/deb/rayos-$(VERSION) && dpkg-buildpackage -b -us -uc
	@ls build/deb/*.deb

install: have-dkms have-kdir rayctl	## install modules (by DKMS), rayctl, man pages, completion
	$(dkms-remove)
	mkdir -p $(dkms)
	cp -R $(source) $(dkms)/
	sed -i 's/#MODULE_VERSION#/$(VERSION)/' $(dkms)/dkms.conf
	dkms install rayos/$(VERSION) -k $(release)
	install -D -m 644 modules/rayos.conf /etc/modprobe.d/rayos.conf
	$(MAKE) -C tools/rayctl VERSION=$(VERSION) install

uninstall: have-dkms	## remove what install has installed
	$(MAKE) -C tools/rayctl VERSION=$(VERSION) uninstall
	rm -f /etc/modprobe.d/rayos.conf
	$(dkms-remove)

clean:			## remove what was built, the cache of test kernels excepted
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

help:			## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { sub(/^all/, ""); printf "make %-10s %s\n", $$1, $$2 }' Makefile

have-kdir:
	@[ "$(KDIR)" ] || { echo "no kernel headers are installed: run \`make deps\` or set KDIR" >&2; exit 1; }
	@[ "$(release)" ] || { echo "$(KDIR) is not the build tree of a kernel" >&2; exit 1; }

have-dkms:
	@command -v dkms >/dev/null || { echo "dkms is not installed: run \`make deps\`" >&2; exit 1; }

have-libraries:
	@pkg-config --exists libnl-genl-3.0 json-c || { echo "libnl-genl-3 or json-c is not installed: run \`make deps\`" >&2; exit 1; }
