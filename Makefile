# Makefile - builds logboomd and logboom, tests, measures and installs them.
#
#   make help      what there is
#   SAN=1          with AddressSanitizer and UndefinedBehaviorSanitizer, in build/san
#   V=1            show the commands

SAN ?=
V   ?=
O   ?= build$(if $(SAN),/san)
Q   := $(if $(V),,@)
say  = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))'

PREFIX  ?= /usr/local
DESTDIR ?=
CONFIG  ?= conf/quickstart.yaml
PYTHON  ?= /usr/bin/python3
JOBS    ?= $(shell nproc)

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif

VERSION := 0.1.0

# ---- packages: a fresh Debian 12 has only a compiler and make ----------------

BUILD_PACKAGES := g++ pkg-config libuv1-dev libzmq3-dev libfyaml-dev libsimdjson-dev uthash-dev
TEST_PACKAGES  := libcmocka-dev python3-pytest python3-pytest-xdist python3-zmq
LINT_PACKAGES  := clang clang-format clang-tidy cppcheck
FUZZ_PACKAGES  := clang libclang-rt-14-dev

# ---- flags -------------------------------------------------------------------

LIBS := libuv libzmq libfyaml simdjson

# Expanded when a recipe runs, thus after the packages are there.
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBS))
LIB_LDLIBS = $(shell pkg-config --libs $(LIBS))

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wformat=2 -Wundef -Wvla -Wcast-align \
            -Wwrite-strings -Wswitch-enum
C_WARNINGS := $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition

comma    := ,
OPTIMIZE ?= -O2
HARDEN   := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined \
            -fno-omit-frame-pointer -DLOGBOOM_SAN=1)

COMMON   = $(OPTIMIZE) -g -I. -D_GNU_SOURCE -DLOGBOOM_VERSION='"$(VERSION)"' $(HARDEN) $(SANITIZE) \
           -MMD -MP $(LIB_CFLAGS)
CFLAGS   ?=
CXXFLAGS ?=
LDFLAGS  ?=
ALL_CFLAGS   = -std=gnu17 $(C_WARNINGS) $(COMMON) $(WERROR) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(WARNINGS) -fno-rtti $(COMMON) $(WERROR) $(CXXFLAGS)
# -rdynamic: libzmq finds the gate's hooks among the symbols of the executable.
ALL_LDFLAGS  = -pie -rdynamic -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)
WERROR       ?=

# ---- what is built -----------------------------------------------------------

# The twin of the pool that suits the build: slots carved from one mapping, or
# plain malloc so that AddressSanitizer sees each slot.
POOL_OTHER := aggregate/$(if $(SAN),pool_carved,pool_plain).c

PARTS     := conf aggregate ingest sink
PART_C    := $(filter-out $(POOL_OTHER),$(wildcard $(addsuffix /*.c,$(PARTS))))
PART_CXX  := $(wildcard $(addsuffix /*.cc,$(PARTS)))
DAEMON_C  := $(wildcard daemon/*.c)
CLIENT_C  := $(wildcard client/*.c)
UNIT_C    := $(wildcard tests/unit/*/*.c)
BENCH_C   := $(wildcard bench/*.c)
FUZZ_C    := $(wildcard tests/fuzz/*.c)

object = $(patsubst %,$(O)/obj/%.o,$(basename $(1)))

PART_O   := $(call object,$(PART_C) $(PART_CXX))
DAEMON_O := $(call object,$(DAEMON_C))
CLIENT_O := $(call object,$(CLIENT_C))
UNIT     := $(UNIT_C:%.c=$(O)/%)
BENCH    := $(BENCH_C:%.c=$(O)/%)
FUZZ     := $(FUZZ_C:tests/fuzz/%.c=build/fuzz/tests/fuzz/%)

.PHONY: all run test unit story bench lint format fuzz install uninstall clean help \
        build-packages test-packages lint-packages fuzz-packages
.DELETE_ON_ERROR:
.SECONDARY:

all: $(O)/logboomd $(O)/logboom

build-packages:
	@tools/ensure-packages 'build' $(BUILD_PACKAGES)
test-packages: build-packages
	@tools/ensure-packages 'test' $(TEST_PACKAGES)
lint-packages: test-packages
	@tools/ensure-packages 'lint' $(LINT_PACKAGES)
fuzz-packages: build-packages
	@tools/ensure-packages 'fuzz' $(FUZZ_PACKAGES)

$(O)/logboomd: $(DAEMON_O) $(PART_O)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(O)/logboom: $(CLIENT_O) $(PART_O)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(O)/obj/%.o: %.c | build-packages
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(O)/obj/%.o: %.cc | build-packages
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(PART_O)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LDLIBS) -lcmocka

$(UNIT_C:%.c=$(O)/obj/%.o): | test-packages

-include $(PART_O:.o=.d) $(DAEMON_O:.o=.d) $(CLIENT_O:.o=.d) $(UNIT_C:%.c=$(O)/obj/%.d)

# ---- running -----------------------------------------------------------------

run: all
	@mkdir -p run
	@printf '%s\n' 'In other terminals:' '  tail -F run/all.log' \
	    '  echo hello from logboom | $(O)/logboom push' \
	    '  journalctl -n 100 | $(O)/logboom push'
	@exec $(O)/logboomd --config $(CONFIG)

# ---- testing -----------------------------------------------------------------

test: unit story

unit: $(UNIT)
	@failed=0; for test in $(UNIT); do \
	    $$test >$$test.log 2>&1 && tail -n 1 $$test.log | sed "s|^|$${test#$(O)/tests/}: |" || \
	    { cat $$test.log; echo "FAILED: $$test"; failed=1; }; \
	done; exit $$failed

story: all | test-packages
	$(Q)LOGBOOM_BUILD=$(O) $(PYTHON) -m pytest -q -n $(JOBS) -p no:cacheprovider tests/story

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
	    'make bench      measure; prints tables and Go-style benchmark lines' \
	    'make lint       both compilers without a warning, clang-tidy, clang-format' \
	    'make format     let clang-format lay out the sources' \
	    'make fuzz       each fuzz target for FUZZ_SECONDS (20)' \
	    'make install    into $$(DESTDIR)$$(PREFIX), PREFIX=$(PREFIX)' \
	    'make uninstall  take that away again' \
	    'make clean      remove build/' \
	    '' \
	    'SAN=1 builds and tests with the address and undefined-behaviour sanitizers;' \
	    'V=1 shows the commands; CC=clang CXX=clang++ O=build/clang tries another compiler.'
