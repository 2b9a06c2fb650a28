# `make demo` and `make test` need Python 3.11 or newer and nothing else; what they install goes to
# .venv. Once that is there, everything works without a network.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# one more than there are processors: some tests wait for a program or a time
WORKERS := $(shell n=$$(nproc 2> /dev/null) && expr $$n + 1 || echo auto)
SCRIPTS := .ci/run install.sh systemd/pause packaging/deb/build packaging/deb/postinst \
  packaging/deb/prerm packaging/deb/postrm tests/stack/camera/run tests/stack/camera/build \
  tests/stack/systemd/run tests/stack/systemd/build tests/stack/systemd/boot tests/stack/power/run \
  tests/stack/arm64/run tests/stack/arm64/build tests/stack/arm64/enter tests/stack/arm64/wheels \
  tests/stack/fleet/run docs/roll-out.sh

.DEFAULT_GOAL := help
.PHONY: help demo test slow figures bench reports screenshots fuzz store model ladder steady soak \
  soak-hour lint camera-stack systemd-stack power-stack arm64-stack fleet-stack reliability deb dist \
  clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 16

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "tinydigits needs Python 3.11 or newer: say which with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(INSTALLED) ## train, export, and read numbers from camera-like frames
	rm -rf demo
	$(BIN)/tinydigits-train fit --data bundled -o demo/model
	@echo
	$(BIN)/tinydigits-train draw --data bundled --digits 4 -o demo/frames
	@echo
	$(BIN)/tinydigits run --source demo/frames --model demo/model/digits.onnx --digits 4 \
	  > demo/readings.jsonl
	@echo
	$(BIN)/tinydigits score demo/frames --model demo/model/digits.onnx --digits 4 \
	  --list --annotate demo/annotated
	@echo
	@echo "Annotated pictures:  demo/annotated"
	@echo "Readings as JSON:    demo/readings.jsonl"
	@echo "Report to look at:   demo/model/report.html"

test: $(INSTALLED) ## run every quick test
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

slow: $(INSTALLED) ## hold what takes longer: processes, a cluster, costs, many examples of properties
	$(BIN)/pytest tests/slow*.py
	$(BIN)/pytest -rP tests/costs.py
	$(BIN)/pytest -n auto --dist loadfile -m hypothesis --hypothesis-profile thorough

figures: $(INSTALLED) ## measure every figure of the README again (needs TINYDIGITS_DATA)
	$(BIN)/pytest -n 2 --dist loadfile -rP tests/figures.py tests/figures_of_training.py

bench: $(INSTALLED) ## measure what reading costs here, and put it into the README (two minutes)
	TINYDIGITS_TABLES=. $(BIN)/pytest -rP tests/costs.py

reports: $(INSTALLED) ## use the page and look at reports in a browser, run the notebook (needs Chromium)
	$(BIN)/pytest tests/pages*.py tests/notebook.py

screenshots: $(INSTALLED) ## take the pictures of docs/page.md again (needs Chromium)
	PYTHONPATH=tests $(BIN)/python docs/screenshots.py docs

fuzz: $(INSTALLED) ## read 100,000 frames and files that no camera should give
	$(BIN)/pytest -s tests/fuzz.py

store: $(INSTALLED) ## spoil 10,000 models, kill 1,000 installs: nothing may come of it
	$(BIN)/pytest -s tests/store.py

model: $(INSTALLED) ## train the model that ships (needs MNIST, and the fonts that docs/train.md names)
	$(BIN)/tinydigits-train fit --data mnist+synthetic:100000 --model pairs -o model
	@echo "to ship it: cp model/digits.onnx device/tinydigits/"

ladder: $(INSTALLED) ## train linear, oriented and pairs on MNIST alone, and compare them
	for model in linear oriented pairs; do \
	  $(BIN)/tinydigits-train fit --data mnist --model $$model -o ladder/$$model || exit 1; \
	done
	$(BIN)/tinydigits-train compare ladder/linear ladder/oriented ladder/pairs --data mnist -o ladder
	@echo "look at ladder/report.html"

soak: $(INSTALLED) ## read a million frames as fast as they come: nothing may pile up (hours)
	$(BIN)/pytest -s tests/soak.py -k fast

soak-hour: $(INSTALLED) ## read ten frames a second for an hour, and count what is written
	$(BIN)/pytest -s tests/soak.py -k hour

steady: $(INSTALLED) ## read 20,000 frames of one display: time, memory, growth
	$(BIN)/pytest -s tests/steady.py

lint: $(INSTALLED) ## check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/shellcheck --severity=warning $(SCRIPTS)

camera-stack: $(INSTALLED) ## run the device program on the real Picamera2 and libcamera (as root)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/camera/run

systemd-stack: $(INSTALLED) ## install the service on real systemd and make it fail in every way (as root)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/systemd/run

power-stack: $(INSTALLED) ## let the power fail 1,000 times while files are written (as root)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/power/run

arm64-stack: $(INSTALLED) ## read, measure and test on emulated 64-bit ARM, as on this machine (as root)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/arm64/run

fleet-stack: $(INSTALLED) ## have 200 devices speak with one broker, and count what arrives (10 GB)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/fleet/run

reliability: $(INSTALLED) ## do all that and more, and write it into docs/reliability.md (hours)
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/systemd/run docs/reliability.md
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/power/run docs/reliability.md
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/arm64/run docs/reliability.md
	PYTHON=$(CURDIR)/$(BIN)/python tests/stack/fleet/run docs/fleet.md
	TINYDIGITS_TABLE=docs/reliability.md $(BIN)/pytest tests/store.py tests/soak.py

deb: ## build the package for Debian 13 (needs dpkg-deb)
	packaging/deb/build

dist: $(INSTALLED) ## build the wheel and the source distribution
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

clean: ## remove everything that was made
	rm -rf $(VENV) build demo dist
