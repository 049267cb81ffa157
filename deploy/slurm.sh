#!/bin/bash
# A run on nodes that Slurm gives: one Ray node on each, and the run on the first. The checkout and --out lie on a file
# system that all of them see.
#
#   sbatch --nodes=4 --cpus-per-task=32 --mem=0 deploy/slurm.sh configs/tip_prod.yaml /scratch/runs/first
#
# A job that is requeued, or given again, goes on in its run directory.
#SBATCH --job-name=lemmary
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
set -euo pipefail
config=${1:?CONFIG}
out=${2:?absolute path of the run directory}
cd "${LEMMARY:-$SLURM_SUBMIT_DIR}"
ray=$PWD/.venv/bin/ray
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export RAY_AUTH_TOKEN

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
cores=${SLURM_CPUS_PER_TASK:-1}
on() { srun --nodes=1 --ntasks=1 --overlap -w "$@"; }
address_of() { on "$1" hostname --ip-address | awk '{print $1}'; }

head=$(address_of "${nodes[0]}")
on "${nodes[0]}" "$ray" start --head --block --node-ip-address "$head" --port 6379 \
    --num-cpus "$cores" --object-store-memory 1000000000 &
sleep 20
for node in "${nodes[@]:1}"; do
    on "$node" "$ray" start --block --address "$head:6379" --node-ip-address "$(address_of "$node")" \
        --num-cpus "$cores" --object-store-memory 500000000 &
done
sleep 20
on "${nodes[0]}" .venv/bin/python -m pipeline run "$config" --out "$out" \
    --set "ray.address=$head:6379" --set verifiers.processes=auto --set prove.workers=auto
