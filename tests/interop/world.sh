# What the suites share, as environment variables: the server's addresses, tokens of the demo, and clients that the
# operator's tool registers. Sourced by `run` once the dev server is up.

ISSUER=http://127.0.0.1:$PORT
ENDPOINT=$ISSUER/token/introspect
TLS_ENDPOINT=https://127.0.0.1:$TLS_PORT/token/introspect
export ISSUER ENDPOINT TLS_ENDPOINT
# The tool reads the settings that the dev server runs with.
set -a
source <("$BINARIES/examples/dev" --port "$PORT" --print-env)
set +a

# The tokens of the guide: ACTIVE, EXPIRED, REVOKED, OPAQUE and others.
set -a
source "$BINARIES/examples/dev-$PORT.sh"
set +a

admin() { "$BINARIES/introspection-admin" "$@" --endpoint-url "http://127.0.0.1:$((PORT + 1))" --output json; }
member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
export -f admin member

# Secrets that our tool creates. The first client may use either method, the other two only one.
EITHER_SECRET=$(admin client add --id either-api | member client_secret)
BASIC_SECRET=$(admin client add --id basic-api --method client_secret_basic | member client_secret)
POST_SECRET=$(admin client add --id post-api --method client_secret_post | member client_secret)
export EITHER_SECRET BASIC_SECRET POST_SECRET

# For clients that encode: everything that an encoding changes, in the id and in the secret.
export ODD_ID='odd client:ü+%2B' ODD_SECRET='p+l%u:s é %41&= and more than thirty-two characters'
printf '%s' "$ODD_SECRET" | admin client add --id "$ODD_ID" --secret - >/dev/null
# For clients that send raw: an imported secret of ASCII characters.
export RAW_SECRET='p+l%u:s %41&= and more than thirty-two characters'
printf '%s' "$RAW_SECRET" | admin client add --id raw-api --secret - >/dev/null

# The checks of `private_key_jwt` run only if the metadata advertise it.
METADATA=$(curl -sf "$ISSUER/.well-known/oauth-authorization-server")
export METADATA
advertises() { python3 -c 'import json, os, sys; sys.exit(sys.argv[2] not in json.loads(os.environ["METADATA"]).get(sys.argv[1], []))' "$@"; }

# Two clients with one key: the first's assertions name the issuer as audience, the second's the endpoint they call.
# They are written as any program may write them (docs/data-model.md).
put_client() {
    curl -sf -o "$WORK/put.json" --aws-sigv4 aws:amz:eu-west-1:dynamodb --user dev:dev \
        -H 'X-Amz-Target: DynamoDB_20120810.PutItem' -H 'Content-Type: application/x-amz-json-1.0' \
        -d "$1" "http://127.0.0.1:$((PORT + 1))/"
}
if advertises introspection_endpoint_auth_methods_supported private_key_jwt; then
    export PRIVATE_KEY=$WORK/client.pem PUBLIC_KEY=$WORK/client.pub.pem
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$PRIVATE_KEY"
    openssl pkey -in "$PRIVATE_KEY" -pubout -out "$PUBLIC_KEY"
    for client in "issuer-key-api $ISSUER" "endpoint-key-api $ENDPOINT" "tls-key-api $TLS_ENDPOINT"; do
        put_client "$(node "$HERE/keyed-client.mjs" "${client% *}" "${client#* }")"
    done
fi
