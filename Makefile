# What each target needs is set up first, and set-up takes no step twice (setup.sh).
RUN := .venv/bin/python

.NOTPARALLEL:
.PHONY: setup setup-test setup-minif2f setup-triton quickstart style lint test acceptance bench docs

quickstart: setup ## set up, then the main job on the bundled problems
	$(RUN) -m pipeline run configs/quickstart.yaml --out runs/quickstart

setup:
	@./setup.sh base

setup-test:
	@./setup.sh test

setup-minif2f: setup
	@./setup.sh minif2f

setup-triton: setup
	@./setup.sh triton

style: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

lint: style
	$(RUN) -m basedpyright

# Two processes, each file in one of them, in order: the long ones do not come last.
test: setup-test style
	$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

acceptance: setup-test
	$(RUN) -m pytest -m acceptance --timeout 0 --results=docs/results/acceptance.json

acceptance-%: setup ## all of it with a prover of yours: acceptance-isabelle, acceptance-lean
	@mkdir -p docs/results/provers
	$(RUN) bench/acceptance.py $* --json docs/results/provers/$*.json

bench: setup ## all benchmarks; one that asks for a run or a data set says so, with exit code 2, and is passed over
	@for script in $$(grep -l __main__ bench/*.py); do echo "$$script"; $(RUN) "$$script" || [ $$? -eq 2 ] || exit 1; done

docs: setup ## the pages that are made from the code and from docs/results
	$(RUN) -m pipeline.config_page > docs/configuration.md
	$(RUN) bench/results_page.py
