CARGO ?= cargo
export SQLX_OFFLINE = true

.PHONY: run demo test test-long check bench screenshots sqlx release

run: ## Install what is missing, build, serve on 127.0.0.1:8080
	@script/install postgresql
	$(CARGO) build --locked --profile quick
	target/quick/signet serve

demo: ## Serve a throw-away console with sample domains
	@script/install postgresql
	$(CARGO) build --locked --profile quick
	target/quick/signet demo

test: ## Install what is missing, then every test; those in the browser need Chromium
	@script/install postgresql chromium
	$(CARGO) test --locked

test-long: ## What takes longer than a coffee: 20,000 cases a property, 100,000 mutated DNS answers, 10,000 SPF zones, 1,000 faults, 100 kills
	PROPTEST_CASES=20000 SIGNET_MUTATIONS=100000 $(CARGO) test --locked --lib
	SPF_CASES=10000 $(CARGO) test --locked --test spf
	FAULTS=1000 $(CARGO) test --locked --lib injected_faults
	FAULT_KILLS=100 FAULT_DOMAINS=10000 $(CARGO) test --locked --test http random_kills
	script/second-opinion
	@script/install postfix || true
	$(CARGO) test --locked --test http -- mail

check: ## Format, lints, docs, .sqlx, licences
	@script/install postgresql
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps
	script/sqlx --check
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check licenses bans sources; fi

bench: ## The benchmarks, about 15 minutes at a million domains (SIGNET_BENCH_DOMAINS=100000: 6); writes BENCHMARKS.md
	@script/install postgresql
	$(CARGO) bench --locked --no-fail-fast

screenshots: ## Write docs/screenshots anew, out of the demo
	@script/install postgresql chromium
	$(CARGO) test --locked --test screenshots

sqlx: ## Write .sqlx anew from a scratch database
	@script/install postgresql
	script/sqlx

release: ## An optimised program
	$(CARGO) build --locked --release
