# The README's commands. Everything installs into .venv; nothing needs to be activated.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
ENGINE := build/engine/.built
CONFIGURE := $(BIN)/cmake --log-level=WARNING -G Ninja -D CMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" -S native
CONFIGURE_ENGINE = $(CONFIGURE) -B build/engine -D RECURRA_TESTS=ON -D Python_EXECUTABLE="$(CURDIR)/$(BIN)/python" \
	-D RECURRA_WERROR=$(if $(filter required,$(RECURRA_ENGINE)),ON,OFF)
CTEST := $(BIN)/ctest --output-on-failure --no-tests=error --timeout 300

.PHONY: demo test check fix bench docs wheels clean engine native-test sanitize neon clang

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.3"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --build-constraint constraints.txt \
		--group dev --editable .
	rm -f build/engine/CMakeCache.txt
	touch $@

# Without a C++ compiler there is nothing to keep up to date, and `recurra info` says so.
$(ENGINE): $(INSTALLED) $(shell find native -type f)
	$(CONFIGURE_ENGINE)
	$(BIN)/cmake --build build/engine --target engine
	$(BIN)/cmake --install build/engine --prefix src
	test -e build/engine/_absence.py || touch $@

demo: $(ENGINE)  ## train, judge and use a forecaster, a classifier and a tagger on real data
	$(BIN)/python examples/demo.py

test: $(ENGINE)
	$(BIN)/python -m pytest

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 0 -p no:randomly tests/test_structure.py

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(ENGINE)
	$(BIN)/python -m recurra bench

build/docs/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv build/docs
	build/docs/bin/python -m pip install --quiet --upgrade "pip>=25.3"
	build/docs/bin/python -m pip install --quiet --constraint constraints.txt --group docs
	touch $@

docs: build/docs/.installed  ## the documentation in build/site, links checked; nothing is fetched
	NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build --quiet --strict
	build/docs/bin/python tools/fetches_nothing.py build/site

wheels:  ## source archive and wheels in dist, each tried in a clean environment; PYTHONS="python3.11 python3.12"
	$(PYTHON) tools/wheels.py $(or $(PYTHONS),$(PYTHON))

engine: $(ENGINE)

native-test: $(INSTALLED)
	$(CONFIGURE_ENGINE)
	$(BIN)/cmake --build build/engine --target kernel_tests
	$(CTEST) --test-dir build/engine

sanitize: KIND := -D RECURRA_SANITIZE=ON
neon: KIND := --toolchain "$(CURDIR)/native/toolchains/aarch64-linux-gnu.cmake"
clang: KIND := -D CMAKE_CXX_COMPILER=clang++
sanitize neon clang: $(INSTALLED)  # kernel tests: checked at run time; on 64-bit ARM; by another compiler
	$(CONFIGURE) -B build/$@ -D RECURRA_TESTS=ON -D RECURRA_BINDING=OFF -D RECURRA_WERROR=ON $(KIND)
	$(BIN)/cmake --build build/$@ --target kernel_tests
	$(CTEST) --test-dir build/$@

clean:
	rm -rf .venv build runs demo src/recurra/native/_engine.*so src/recurra/native/_absence.py
