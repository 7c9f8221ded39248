# make run · make test · make bench. Everything else is `.venv/bin/jiehua --help`.
.PHONY: help setup run test check bench lock clean
help:
	@echo "make run     set everything up and start it      启动"
	@echo "make test    set everything up and run the tests 测试"
	@echo "make setup   build the environments only         只装环境"
	@echo "make bench   measure, into docs/benchmarks.md    测速"

setup:
	@./setup.sh app

run: setup
	@exec .venv/bin/jiehua up $(ARGS)

check:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test:
	@./setup.sh dev
	@$(MAKE) --no-print-directory check
	@.venv/bin/jiehua train rasa --if-changed
	.venv/bin/pytest $(ARGS)

bench:
	@./setup.sh dev
	@.venv/bin/jiehua train rasa --if-changed
	.venv/bin/python -m tests.benchmarks $(ARGS)

# Writes the lock files anew; names no index, so that anybody's works.
lock:
	@./requirements/lock.sh

clean:
	rm -rf .venv .venv-rasa .tools models/rasa models/spacy
