# Everything runs from .venv, which is built from nothing but `python3 -m venv` and pip.
# Another interpreter: make PYTHON=/usr/bin/python3.12 test

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Many tests start the program, and pages are measured from its start: it is compiled once, as it is where it is
# installed, also where the environment forbids to write that down.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo test quick check bench house soak serve docs lock audit sbom site dist deb coverage clean

help:
	@echo "make demo    watch the made-up sample register for five nights, and tell what changed"
	@echo "make test    run the tests, two at a time"
	@echo "make quick   run the pure tests in half a minute: what a page says, what changed, how it is told"
	@echo "make check   lint, formatting, types, the rules of the house, documentation that tells the truth"
	@echo "make bench   measure, and write benchmarks/RESULTS.md"
	@echo "make house   measure how the source is cut, beside version one and the aim"
	@echo "make soak    run the long hauls that make test leaves out, and print what each attack costs"
	@echo "make serve   serve the pages of the sample register on http://127.0.0.1:8765/ to look at"
	@echo "make docs    write the generated pages of docs/ again"
	@echo "make site    build the site of docs/ in build/site, strictly"
	@echo "make lock    write requirements.txt and requirements-dev.txt: the pins of constraints.txt, with hashes"
	@echo "make audit   ask the advisory databases about every pin"
	@echo "make sbom    write dist/registerwatch.cdx.json, the bill of materials of a release (CycloneDX)"
	@echo "make coverage  run the tests and write build/coverage/html: which lines no test reaches"
	@echo "make dist    build wheel and sdist of the last commit, twice, and look at them as the package index does"
	@echo "make deb     build the Debian package for this machine: dist/registerwatch_VERSION_ARCH.deb"
	@echo "make clean   remove .venv, caches and what the demo made"

# Wheels alone, each with the hash that it had when it was tried: no code of others runs while it is installed, the
# build backend's neither.
$(READY): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all: -r requirements-dev.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(BIN)/registerwatch demo

# What a test writes goes to memory where there is plenty: many wait longer for a disk than they work.
IN_MEMORY = $(shell df -m --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 8000 {print "PYTEST_DEBUG_TEMPROOT=/dev/shm"}')

test: $(READY)
	$(IN_MEMORY) $(BIN)/python -m pytest -n 2 -m "not soak" -o tmp_path_retention_policy=failed

# The pure rooms: no socket, no database, no browser. Few examples of each property, no megabytes.
PURE := tests/scraper/names tests/scraper/reading tests/scraper/test_slugs.py tests/diff tests/notify/following \
  tests/notify/message tests/notify/feeds tests/notify/test_calendar.py tests/cron/settings tests/cron/terminal \
  scraper/names scraper/reading scraper/text.py scraper/times.py diff notify/following notify/message

quick: $(READY)
	$(BIN)/python -m pytest -q -n 2 --hypothesis-profile=few -m "not soak and not browser and not large" $(PURE)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py tests/test_citations.py
	$(MAKE) --no-print-directory site

# Shown, and no gate: a number that must not fall is met by tests that assert nothing.
TESTED := tests scraper diff snapshots notify cron
coverage: $(READY)
	mkdir -p build/coverage
	$(BIN)/python -m pytest -q -n 2 -m "not soak and not browser" --cov --cov-report=term:skip-covered --cov-report=html --cov-report=json $(TESTED)

bench: $(READY)
	$(BIN)/python -m benchmarks

# Standard library only: nothing need be installed to look at the house.
house:
	@$(PYTHON) benchmarks/house.py

# 5 is pytest's way to say that it found no test.
soak: $(READY)
	$(BIN)/python -m pytest --hypothesis-profile=soak -m "soak or hypothesis" || { status=$$?; [ $$status -eq 5 ] && echo "There is no long haul yet."; }
	$(BIN)/python -m benchmarks attacks

serve: $(READY)
	@$(BIN)/python -m cron.demo.site

docs: $(READY)
	$(BIN)/python docs/generate.py

# A link that leads nowhere, to a page or to a part of one, ends it.
site: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

# --- what comes from others -------------------------------------------------------------------------------------------

TOOLS := .tools/bin
LOCK := $(TOOLS)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
  --no-annotate --no-emit-index-url --custom-compile-command "make lock" -c constraints.txt pyproject.toml

.tools/.ready: Makefile
	$(PYTHON) -m venv .tools
	$(TOOLS)/python -m pip --disable-pip-version-check install --quiet "uv>=0.9,<1" "pip-audit>=2.9,<3" "cyclonedx-bom>=7,<8" \
	  "twine>=7,<8" "pyroma>=5,<6" "$$(grep -o '^hatchling==[0-9.]*' requirements.txt)"
	@touch $@

# With what builds our own wheel, so that this too is installed by its hash.
lock: .tools/.ready
	printf 'hatchling\n' | $(LOCK) - -o requirements.txt
	printf 'hatchling\neditables\n' | $(LOCK) - --extra dev -o requirements-dev.txt

audit: .tools/.ready
	$(TOOLS)/pip-audit --require-hashes --disable-pip -r requirements.txt

sbom: .tools/.ready
	mkdir -p dist
	$(TOOLS)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o dist/registerwatch.cdx.json requirements.txt

# Of the last commit and its time, so that anybody who has it gets the same bytes.
dist: .tools/.ready
	rm -rf build/first build/second dist/registerwatch-*
	for time in first second; do mkdir -p build/$$time && git archive HEAD | tar -x -C build/$$time && \
	  (cd build/$$time && SOURCE_DATE_EPOCH=$$(git -C ../.. log -1 --format=%ct) ../../$(TOOLS)/python -m hatchling build -d out) || exit 1; done
	cd build/first/out && for file in *; do cmp $$file ../../second/out/$$file || exit 1; done
	mkdir -p dist && cp build/first/out/* dist/
	$(TOOLS)/twine check --strict dist/registerwatch-*.whl dist/registerwatch-*.tar.gz
	$(TOOLS)/pyroma --min 10 dist/registerwatch-*.tar.gz
	cd dist && sha256sum registerwatch-*.whl registerwatch-*.tar.gz > SHA256SUMS && cat SHA256SUMS

# With Debian's own python, which is the one that the package runs with.
deb:
	/usr/bin/python3 shipping/deb.py

clean:
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
