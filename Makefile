# Makefile - builds logboomd and logboom, tests, measures and installs them.
#
#   make help      what there is
#   SAN=1          with AddressSanitizer and UndefinedBehaviorSanitizer, in build/san
#   TSAN=1         with ThreadSanitizer, in build/tsan; `unit` is what has several threads
#   V=1            show the commands

SAN  ?=
TSAN ?=
V    ?=
ifeq ($(SAN),0)
override SAN :=
endif
ifeq ($(TSAN),0)
override TSAN :=
endif
ifeq ($(V),0)
override V :=
endif
O   ?= build$(if $(SAN),/san,$(if $(TSAN),/tsan))
Q   := $(if $(V),,@)
say  = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))'

PREFIX  ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
CONFIG  ?= conf/quickstart.yaml
PYTHON  ?= /usr/bin/python3
JOBS    ?= $(shell nproc)

# As many at once as there are processors, unless the command line says another number. Nothing is
# built while it is cleared away.
ifeq ($(MAKELEVEL)$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(JOBS)
endif

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif

VERSION := 0.1.0

# ---- packages: a fresh Debian 12 has only a compiler and make ----------------

BUILD_PACKAGES := g++ pkg-config libuv1-dev libzmq3-dev libfyaml-dev libsimdjson-dev uthash-dev \
                  libpcre2-dev libzstd-dev zlib1g-dev libmpack-dev libssl-dev libsodium-dev \
                  libmicrohttpd-dev
TEST_PACKAGES  := libcmocka-dev python3-pytest python3-pytest-timeout python3-pytest-xdist python3-zmq \
                  logrotate zstd openssl socat libczmq4 iproute2 man-db mandoc python3-pyte
BENCH_PACKAGES := python3
PROMETHEUS_PACKAGES := prometheus
LINT_PACKAGES  := clang clang-format clang-tidy
PACKAGE_PACKAGES := debhelper dpkg-dev fakeroot lintian
PACKAGE_TEST_PACKAGES := debootstrap systemd-container
FUZZ_PACKAGES  := clang libclang-rt-14-dev

# ---- flags -------------------------------------------------------------------

LIBS := libuv libzmq libfyaml simdjson libpcre2-8 libzstd zlib mpack libsodium

# Asked when the first recipe runs, thus after the packages are there, and then never again.
once       = $(if $(once.$(1)),,$(eval once.$(1) := $(shell $(2))))$(once.$(1))
LIB_CFLAGS = $(call once,cflags,pkg-config --cflags $(LIBS))
LIB_LDLIBS = $(call once,libs,pkg-config --libs $(LIBS))

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wformat=2 -Wundef -Wvla -Wcast-align \
            -Wwrite-strings -Wswitch-enum
C_WARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition

comma    := ,
OPTIMIZE ?= $(if $(SAN)$(TSAN),-O1,-O2)
# A sanitizer's report needs functions and lines, no variables.
DEBUG    ?= $(if $(SAN)$(TSAN),-g1,-g)
HARDEN   := -fstack-protector-strong -fPIE $(if $(SAN)$(TSAN),,-D_FORTIFY_SOURCE=2)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined \
            -fno-omit-frame-pointer -DLOGBOOM_SAN=1) \
            $(if $(TSAN),-fsanitize=thread -fno-omit-frame-pointer)

COMMON   = $(OPTIMIZE) $(DEBUG) -I. -D_GNU_SOURCE -DLOGBOOM_VERSION='"$(VERSION)"' \
           -DLOGBOOM_SYSCONFDIR='"$(SYSCONFDIR)"' $(HARDEN) $(SANITIZE) \
           $(LIB_CFLAGS)
CFLAGS   ?=
CXXFLAGS ?=
LDFLAGS  ?=
ALL_CFLAGS   = -std=gnu17 $(C_WARNINGS) $(COMMON) $(WERROR) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(WARNINGS) -fno-rtti $(COMMON) $(WERROR) $(CXXFLAGS)
# -rdynamic: libzmq finds the gate's hooks among the symbols of the executable.
ALL_LDFLAGS  = -pie -rdynamic -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)
# What is linked to be run once: by gold, where it is, in a third of the time.
TEST_LDFLAGS = $(ALL_LDFLAGS) $(call once,gold,command -v ld.gold >/dev/null && echo -fuse-ld=gold)
WERROR       ?=

# ---- what is built -----------------------------------------------------------

# The twin of the pool that suits the build: slots carved from one mapping, or
# plain malloc so that AddressSanitizer sees each slot.
POOL_OTHER := aggregate/$(if $(SAN),pool_carved,pool_plain).c

PARTS     := conf zeromq aggregate decode ingest logfile sink status control metrics plan judge
PART_C    := $(filter-out $(POOL_OTHER),$(wildcard $(addsuffix /*.c,$(PARTS))))
PART_CXX  := $(wildcard $(addsuffix /*.cc,$(PARTS)))
DAEMON_C  := $(wildcard daemon/*.c)
CLIENT_C  := $(wildcard client/*.c)
UNIT_C    := $(wildcard tests/unit/*/*.c)
STORY_C   := $(wildcard tests/story/tools/*.c)
UNIT_RUN  := $(if $(TSAN),$(wildcard $(addprefix tests/unit/,zeromq/gate*.c ingest/endpoint*.c ingest/stamp.c \
             zeromq/listener.c zeromq/curve.c zeromq/zmq_watch.c sink/*.c client/link.c \
             logfile/caretaker.c logfile/compress.c logfile/log_rotate.c)),$(UNIT_C))
BENCH_C   := $(filter-out bench/count_malloc.c,$(wildcard bench/*.c))

object = $(patsubst %,$(O)/obj/%.o,$(basename $(1)))

PART_O   := $(call object,$(PART_C) $(PART_CXX))
DAEMON_O := $(call object,$(DAEMON_C))
CLIENT_O := $(call object,$(CLIENT_C))
UNIT     := $(UNIT_RUN:%.c=$(O)/%)

.PHONY: all force bench-packages run test unit story node-clients prometheus soak demo bench bench-memory lint lint-tests tidy format fuzz man install install-files install-units uninstall deb package-test clean help \
        build-packages test-packages lint-packages fuzz-packages package-packages
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/logboomd $(O)/logboom man

build-packages:
	@tools/ensure-packages 'build' $(BUILD_PACKAGES)
test-packages: build-packages
	@tools/ensure-packages 'test' $(TEST_PACKAGES)
lint-packages: test-packages
	@tools/ensure-packages 'lint' $(LINT_PACKAGES)
fuzz-packages: lint-packages
	@tools/ensure-packages 'fuzz' $(FUZZ_PACKAGES)

$(O)/logboomd: $(DAEMON_O) $(PART_O)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(O)/logboom: $(CLIENT_O) $(PART_O)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(O)/obj/%.o: %.c $(O)/flags | build-packages
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/obj/%.o: %.cc $(O)/flags | build-packages
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<

# A test needs a few of the parts, and is linked three times as fast with no more than these. The
# gate's hooks nobody calls by name, and a sanitizer has its own of some, so they are always there.
$(O)/parts.a: $(PART_O)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcsT $@ $^

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(O)/obj/zeromq/gate.o $(O)/parts.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(TEST_LDFLAGS) -o $@ $^ $(LIB_LDLIBS) -lcmocka

# The server in it; the sink itself loads OpenSSL all the same.
$(O)/tests/unit/sink/tls_link: LIB_LDLIBS += -lssl -lcrypto

$(UNIT_C:%.c=$(O)/obj/%.o): | test-packages

-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# Another compiler or other flags make every object anew: what they are is written to a
# file that changes only when they do.
FLAGS_NOW = $(CC) $(CXX) $(VERSION) $(OPTIMIZE) $(DEBUG) $(WARNINGS) $(HARDEN) $(SANITIZE) $(WERROR) \
            $(CFLAGS) $(CXXFLAGS) $(LDFLAGS) $(SYSCONFDIR)

$(O)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' >$@
force:

# ---- the manual --------------------------------------------------------------

MAN_PAGES := logboomd.8 logboom.1 logboom.yaml.5

man: $(MAN_PAGES:%=$(O)/man/%)

# Made of what the programs say of themselves.
$(O)/man/%: man/%.in $(wildcard man/*.awk) tools/man-page $(O)/logboomd $(O)/logboom
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$(Q)tools/man-page $* $(O) >$@

# ---- running -----------------------------------------------------------------

# The hints are for the quickstart; another configuration has other files.
run: all
	@mkdir -p run
	@[ $(CONFIG) != conf/quickstart.yaml ] || printf '%s\n' 'In other terminals:' \
	    '  tail -F run/all.log' '  echo hello from logboom | $(O)/logboom push' \
	    '  tail -n 100 /var/log/dpkg.log | $(O)/logboom push'
	@exec $(O)/logboomd --config $(CONFIG)

# ---- testing -----------------------------------------------------------------

# Each test has a bound: one that hangs is a failure with a name. A test of the daemon that
# fails properly gives up after 30 s of waiting, or 60 s with the sanitizers.
UNIT_SECONDS  := 180
STORY_SECONDS := 240
STORIES_LIMIT := 15m
STORY_JOBS    ?= $(JOBS)

# The stories have the machine for themselves.
test: unit
	$(Q)$(MAKE) --no-print-directory story

# libzmq and libuv are not instrumented: what they do between themselves is not ours to judge.
export TSAN_OPTIONS ?= ignore_noninstrumented_modules=1 halt_on_error=1

unit: $(UNIT)
	@printf '%s\n' $(UNIT) | xargs -P $(JOBS) -n 1 tools/unit-test $(UNIT_SECONDS)

story: all | test-packages
	$(Q)LOGBOOM_BUILD=$(O) timeout --foreground --kill-after=20 $(STORIES_LIMIT) \
	    $(PYTHON) -m pytest -q -n $(STORY_JOBS) -p no:cacheprovider \
	    --timeout=$(STORY_SECONDS) --timeout-method=signal tests/story </dev/null

# Real clients of Node for tests/story/test_node_clients.py, from npm's registry. Not part of
# `make test`, which needs Debian's packages alone.
NODE_PACKAGES := nodejs npm
NODE_MODULES  := zeromq@6 pino@9 winston@3

node-clients:
	@command -v npm >/dev/null || tools/ensure-packages 'test with Node' $(NODE_PACKAGES)
	$(Q)mkdir -p $(O)/node
	$(Q)cd $(O)/node && timeout 300 npm install --no-audit --no-fund --silent $(NODE_MODULES)

# A real Prometheus for tests/story/test_metrics.py: 25 MB to fetch, so not part of `make test`,
# which then skips what needs it.
prometheus: all | test-packages
	@command -v promtool >/dev/null || tools/ensure-packages 'test with Prometheus' $(PROMETHEUS_PACKAGES)
	$(Q)LOGBOOM_BUILD=$(O) timeout --foreground --kill-after=20 5m \
	    $(PYTHON) -m pytest -q -n $(JOBS) -p no:cacheprovider tests/story/test_metrics.py </dev/null

# kill -9 while files are compressed, some hundreds of times: a quarter of an hour. And the analyzer's whole search.
CRASHES ?= 300

soak: all | test-packages
	$(Q)LOGBOOM_BUILD=$(O) LOGBOOM_CRASHES=$(CRASHES) LOGBOOM_HANGING_S=1700 timeout --foreground --kill-after=20 30m \
	    $(PYTHON) -m pytest -q -s -p no:cacheprovider --timeout=1500 --timeout-method=signal \
	    tests/story/test_retention.py -k crash </dev/null
	$(Q)LOGBOOM_BUILD=$(O) LOGBOOM_HOSTS=100000 timeout --foreground --kill-after=20 $(STORIES_LIMIT) \
	    $(PYTHON) -m pytest -q -p no:cacheprovider --timeout=600 --timeout-method=signal \
	    tests/story/test_paths.py -k very_many </dev/null
	$(Q)$(MAKE) --no-print-directory tidy TIDY_STATES=225000

# ---- measuring ---------------------------------------------------------------

BENCH_PAIRS ?= 15
BENCH_TOOLS := $(addprefix $(O)/bench/,micro pusher flooder visible bare_recv tcp_read tls_read count_malloc.so)
WRAPPED     := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strndup)

MICRO_O     := $(call object,$(wildcard bench/micro*.c) bench/wrap_malloc.c)

$(MICRO_O): CFLAGS += -fno-builtin -Wno-missing-prototypes

$(O)/bench/micro: $(MICRO_O) $(PART_O)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_LDFLAGS) $(WRAPPED) -o $@ $^ $(LIB_LDLIBS)

$(O)/bench/pusher $(O)/bench/flooder $(O)/bench/visible $(O)/bench/bare_recv $(O)/bench/tcp_read: $(O)/bench/%: $(O)/obj/bench/%.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lzmq

# Linked with OpenSSL, which the daemon only loads.
$(O)/bench/tls_read: $(O)/obj/bench/tls_read.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lssl -lcrypto

$(O)/bench/count_malloc.so: bench/count_malloc.c | build-packages
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -fPIC -shared -o $@ $<

bench-packages: build-packages
	@tools/ensure-packages 'measure' $(BENCH_PACKAGES)

bench: all $(BENCH_TOOLS) | bench-packages test-packages
	@$(O)/bench/micro
	@$(PYTHON) bench/footprint.py $(O)
	@$(PYTHON) bench/end_to_end.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/crowd.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/encrypted.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/flood.py $(O)
	@$(PYTHON) bench/rotation.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/paths.py $(O)
	@$(PYTHON) bench/latency.py $(O)
	@$(PYTHON) bench/scrape.py $(O)
	@$(PYTHON) bench/tail.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/connections.py $(O) --pairs $(BENCH_PAIRS)
	@$(PYTHON) bench/memory.py $(O)
	@$(PYTHON) bench/memory_plot.py $(O)

# The attacks of tests/story/test_cap_*.py, longer: some 20 minutes.
bench-memory: all $(BENCH_TOOLS) | test-packages
	@$(PYTHON) bench/memory.py $(O)

DEMO_SECONDS ?= 15

demo: all $(BENCH_TOOLS) | bench-packages test-packages
	@$(PYTHON) bench/demo.py $(O) --seconds $(DEMO_SECONDS)

# ---- looking closely ---------------------------------------------------------

ALL_C := $(wildcard $(addsuffix /*.c,$(PARTS) daemon client bench) tests/unit/*/*.c tests/fuzz/*.c) $(STORY_C)
ALL_H := $(wildcard $(addsuffix /*.h,$(PARTS) daemon client bench) tests/unit/*/*.h tests/fuzz/*.h tests/story/tools/*.h)

# Each check that clang-tidy runs has earned its place: bugs, and the analyzer's paths, also of headers.
# Left out: the analyzer's wish for C11 Annex K, which glibc does not have, and advice
# on taste (swappable parameters, widening in constants, assignments in conditions, padding);
# valist (version 14 does not see va_start in every second file), and two that take
# copies of counted bytes for strings, and a table of pointers for a mistake.
TIDY_CHECKS := -*,bugprone-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.*,$\
-bugprone-easily-swappable-parameters,-bugprone-implicit-widening-of-multiplication-result,$\
-bugprone-assignment-in-if-condition,-bugprone-reserved-identifier,$\
-bugprone-branch-clone,-bugprone-not-null-terminated-result,-bugprone-sizeof-expression,$\
-clang-analyzer-valist.Uninitialized,-clang-analyzer-optin.performance.Padding,-bugprone-narrowing-conversions,-bugprone-suspicious-include

# Where gcc's build without a warning is; one that was made with WERROR=-Werror may be given.
LINT_GCC ?= build/lint-gcc

# How many states of a function the analyzer looks at: less than its own bound, which takes three
# times as long and is for `make soak`.
TIDY_STATES ?= 50000

# clang's own warnings are among the checks, so that no file is read twice.
TIDY_FLAGS = -std=gnu17 $(C_WARNINGS) -Werror -I. -D_GNU_SOURCE -DLOGBOOM_VERSION="\"0\"" -DLOGBOOM_SYSCONFDIR="\"\"" \
             $(LIB_CFLAGS) -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_STATES)
tidy_all   = printf '%s\n' $(2) | xargs -P $(JOBS) -n 8 sh -c \
             'clang-tidy --quiet --header-filter=. --warnings-as-errors="*" --checks="$(1)" "$$@" -- $(TIDY_FLAGS) 2>/dev/null' tidy

lint: lint-packages
	$(Q)clang-format --dry-run -Werror $(ALL_C) $(ALL_H) $(wildcard decode/*.cc)
	$(Q)$(MAKE) --no-print-directory O=$(LINT_GCC) CC=gcc CXX=g++ WERROR=-Werror all lint-tests
	$(Q)$(MAKE) --no-print-directory tidy

tidy: lint-packages
	$(Q)clang++ -fsyntax-only $(ALL_CXXFLAGS) -Werror $(PART_CXX)
	$(Q)$(call tidy_all,$(TIDY_CHECKS)$(comma)clang-diagnostic-*,$(filter-out tests/%,$(ALL_C)))
	$(Q)$(call tidy_all,-*$(comma)bugprone-infinite-loop$(comma)clang-diagnostic-*,$(filter tests/%,$(ALL_C)))

lint-tests: $(UNIT_C:%.c=$(O)/obj/%.o) $(BENCH_C:%.c=$(O)/obj/%.o) $(STORY_C:%.c=$(O)/obj/%.o)

format: lint-packages
	clang-format -i $(ALL_C) $(ALL_H) $(wildcard decode/*.cc)

FUZZ_SECONDS ?= 20
FUZZ_O       := build/fuzz

# With a number of runs it is the same search each time, on quick machines and slow ones, from
# tests/fuzz/corpus alone. What a comparison sees may be an address, which differs.
ifdef FUZZ_RUNS
FUZZ_FLAGS  := -runs=$(FUZZ_RUNS) -seed=1 -use_cmp=0
FUZZ_CORPUS := $(FUZZ_O)/corpus-repeated
else
FUZZ_FLAGS  := -max_total_time=$(FUZZ_SECONDS)
FUZZ_CORPUS := $(FUZZ_O)/corpus
endif
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_SOURCES := $(filter-out %/pool_carved.c,$(wildcard $(addsuffix /*.c,$(PARTS))))

# The targets share their objects, which are built with the fuzzer's eyes in them.
fuzz: fuzz-packages
	$(Q)$(MAKE) --no-print-directory O=$(FUZZ_O) CC=clang CXX=clang++ SAN=1 \
	    CFLAGS=-fsanitize=fuzzer-no-link CXXFLAGS=-fsanitize=fuzzer-no-link \
	    $(addprefix $(FUZZ_O)/tests/fuzz/,$(FUZZ_TARGETS))
	$(Q)rm -rf $(FUZZ_O)/corpus-repeated
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -P $(JOBS) -I '{}' \
	    tools/fuzz-target $(FUZZ_O) '{}' $(FUZZ_CORPUS)/'{}' $(FUZZ_FLAGS)

$(O)/tests/fuzz/%: $(O)/obj/tests/fuzz/%.o $(PART_O)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(TEST_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_LDLIBS)

# ---- installing --------------------------------------------------------------

BINDIR  ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR  ?= $(PREFIX)/share/man
DOCDIR  ?= $(PREFIX)/share/doc/logboom
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
CONFDIR := $(SYSCONFDIR)/logboom

install: all
	@$(MAKE) --no-print-directory install-files

# Of what is built.
install-files: install-units
	install -D -m 755 $(O)/logboomd "$(DESTDIR)$(SBINDIR)/logboomd"
	install -D -m 755 $(O)/logboom "$(DESTDIR)$(BINDIR)/logboom"
	install -d "$(DESTDIR)$(DOCDIR)/examples"
	install -m 644 LICENSE README.md $(wildcard docs/*.md docs/*.svg) "$(DESTDIR)$(DOCDIR)"
	sed -i 's|\](docs/|](|g; s|\](\.\./README|](README|g' "$(DESTDIR)$(DOCDIR)"/*.md
	install -m 644 conf/logboom.yaml conf/quickstart.yaml $(filter-out %_test.yml,$(wildcard contrib/*)) \
	    "$(DESTDIR)$(DOCDIR)/examples"
	for page in $(MAN_PAGES); do \
	    install -D -m 644 $(O)/man/$$page "$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page" || exit; done
	install -D -m 644 completions/logboom.bash "$(DESTDIR)$(BASHDIR)/logboom"
	ln -sf logboom "$(DESTDIR)$(BASHDIR)/logboomd"
	install -D -m 644 completions/_logboom "$(DESTDIR)$(ZSHDIR)/_logboom"
	@[ -e "$(DESTDIR)$(CONFDIR)/logboom.yaml" ] || \
	    install -D -m 644 conf/logboom.yaml "$(DESTDIR)$(CONFDIR)/logboom.yaml" || \
	    echo 'No configuration was installed: copy conf/logboom.yaml to $(CONFDIR)/ yourself.'

# With the paths of this installation in it.
install-units:
	install -d "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(DOCDIR)/examples"
	sed 's|@SBINDIR@|$(SBINDIR)|; s|@BINDIR@|$(BINDIR)|; s|@DOCDIR@|$(DOCDIR)|' systemd/logboom.service.in >"$(DESTDIR)$(UNITDIR)/logboom.service"
	chmod 644 "$(DESTDIR)$(UNITDIR)/logboom.service"
	install -m 644 systemd/logboom.socket "$(DESTDIR)$(UNITDIR)/logboom.socket"
	install -D -m 644 systemd/logboom.sysusers "$(DESTDIR)$(SYSUSERSDIR)/logboom.conf"
	install -m 644 $(wildcard systemd/examples/*.conf) "$(DESTDIR)$(DOCDIR)/examples"

uninstall:
	rm -f "$(DESTDIR)$(SBINDIR)/logboomd" "$(DESTDIR)$(BINDIR)/logboom" \
	    "$(DESTDIR)$(UNITDIR)/logboom.service" "$(DESTDIR)$(UNITDIR)/logboom.socket" \
	    "$(DESTDIR)$(SYSUSERSDIR)/logboom.conf" "$(DESTDIR)$(BASHDIR)/logboom" "$(DESTDIR)$(BASHDIR)/logboomd" \
	    "$(DESTDIR)$(ZSHDIR)/_logboom" $(foreach page,$(MAN_PAGES),"$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)")
	rm -rf "$(DESTDIR)$(DOCDIR)"

# ---- the package -------------------------------------------------------------

DEB_O   := $(O)/deb
DEB      = $(O)/logboom_$(VERSION)_$(shell dpkg --print-architecture).deb

package-packages: build-packages
	@tools/ensure-packages 'make a package' $(PACKAGE_PACKAGES)

# From a copy of the sources, so that nothing of the build gets into it, nor into them.
deb: package-packages
	@grep -q '^logboom ($(VERSION))' debian/changelog || \
	    { echo 'debian/changelog is not about $(VERSION)'; exit 1; }
	$(Q)rm -rf $(DEB_O)
	$(Q)mkdir -p $(DEB_O)/logboom-$(VERSION)
	$(Q)tar -c --exclude=./build --exclude=./run --exclude=./.git --exclude=__pycache__ --exclude=.pytest_cache . | \
	    tar -x -C $(DEB_O)/logboom-$(VERSION)
	$(Q)cd $(DEB_O)/logboom-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL -u O -u DESTDIR -u PREFIX \
	    dpkg-buildpackage -b -us -uc -j$(JOBS) >../build.log 2>&1 || { tail -n 40 ../build.log; exit 1; }
	$(Q)lintian --allow-root --fail-on error,warning $(DEB_O)/*.changes
	$(Q)cp $(DEB_O)/*.deb $(O)
	@echo '$(DEB)'

# Installs it into a fresh Debian, under the real systemd if that can be had: some minutes, and
# root. Needs a mirror.
package-test: deb | test-packages
	@tools/ensure-packages 'test the package' $(PACKAGE_TEST_PACKAGES)
	$(Q)LOGBOOM_DEB=$(DEB) LOGBOOM_BUILD=$(O) timeout --foreground --kill-after=20 20m \
	    $(PYTHON) -m pytest -q -p no:cacheprovider --timeout=900 --timeout-method=signal tests/package </dev/null

# ---- the rest ----------------------------------------------------------------

clean:
	rm -rf build

help:
	@printf '%s\n' \
	    'make            build logboomd and logboom into $(O)/' \
	    'make run        build, then run the daemon on $(CONFIG)' \
	    'make test       unit tests, then story tests against the real daemon' \
	    'make unit       the unit tests only' \
	    'make story      the story tests only' \
	    'make node-clients  install pino, winston and zeromq.js, so that `make story` tries them, too' \
	    'make prometheus  install Prometheus, and let it scrape the daemon and judge the alerts' \
	    'make soak       kill -9 some hundreds of times while files are compressed, 100,000 files, and a deeper look at the paths' \
	    'make demo       eight clients, a sink that stands still and a hostile peer, in the terminal' \
	    'make bench      measure; prints tables and Go-style benchmark lines' \
	    'make bench-memory  the memory cap under attack, a table' \
	    'make lint       both compilers without a warning, clang-tidy, clang-format' \
	    'make format     let clang-format lay out the sources' \
	    'make fuzz       each fuzz target for FUZZ_SECONDS (20), or the same FUZZ_RUNS each time' \
	    'make man        the pages of the manual, which `make` makes, too' \
	    'make install    into $$(DESTDIR)$$(PREFIX), PREFIX=$(PREFIX); a configuration into $(SYSCONFDIR)' \
	    'make uninstall  take that away again, but for the configuration in $(SYSCONFDIR)' \
	    'make deb        a Debian package in $(O)/' \
	    'make package-test  the same, installed into a fresh Debian; some minutes, and root' \
	    'make clean      remove build/' \
	    '' \
	    'SAN=1 builds and tests with the address and undefined-behaviour sanitizers,' \
	    'TSAN=1 those parts that have threads with the thread sanitizer;' \
	    'V=1 shows the commands; CC=clang CXX=clang++ O=build/clang tries another compiler.'
