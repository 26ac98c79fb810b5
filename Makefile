# The commands to know: `make demo` and `make test`. The rest are their parts.

DESIGN  = constraints/designs/small-8x8.toml
NETWORK = docs/examples/fashion-resnet8.toml

.PHONY: demo test setup checks build install lint doc clean

# A trained network on a real image, from memory to scores. Installs what is missing, and `cromulent` beside cargo.
demo: setup install
	cargo run -p cromulent --release --locked --quiet -- verify --design $(DESIGN) --network $(NETWORK)

# All that must hold before a change is merged; .ci/run calls it.
test: checks lint doc
	cargo test --workspace --locked

setup:
	scripts/setup.sh

checks:
	scripts/setup.sh checks

build:
	cargo build --release --locked

install:
	cargo install --path gen --locked

lint: checks
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo deny --locked --log-level error check bans licenses sources

doc:
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked

clean:
	cargo clean
