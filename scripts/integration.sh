#!/usr/bin/env bash
# Deploys the stack to an AWS endpoint and sends samples down the whole road. Without Docker, account or settings it brings MiniStack
# along; AWS_ENDPOINT_URL names another endpoint (`docker compose up -d localstack`), INTEGRATION_ENDPOINT=aws the real one.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
exec node scripts/integration/run.ts "$@"
