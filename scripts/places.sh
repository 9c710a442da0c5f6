# Sourced after say.sh: keeps the places of this machine out of what is compiled, so that the same sources give the same bytes
# wherever they and the crates lie. The flag is one word, so a place with a space stays as it is.

case $root${CARGO_HOME:-$HOME/.cargo} in
    *[[:space:]]*) ;;
    *)
        RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }--remap-path-prefix=$root=/rqd --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
        export RUSTFLAGS
        ;;
esac
