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
head=${nodes[0]}
address=$(srun --nodes=1 --ntasks=1 -w "$head" hostname --ip-address | awk '{print $1}'):6379
cores=${SLURM_CPUS_PER_TASK:-1}

srun --nodes=1 --ntasks=1 --overlap -w "$head" \
    "$ray" start --head --block --port 6379 --num-cpus "$cores" --object-store-memory 1000000000 &
sleep 20
for node in "${nodes[@]:1}"; do
    srun --nodes=1 --ntasks=1 --overlap -w "$node" \
        "$ray" start --block --address "$address" --num-cpus "$cores" --object-store-memory 500000000 &
done
sleep 20
srun --nodes=1 --ntasks=1 --overlap -w "$head" \
    .venv/bin/python -m pipeline run "$config" --out "$out" \
    --set "ray.address=$address" --set verifiers.processes=auto --set prove.workers=auto
