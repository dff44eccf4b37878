/** A GPU or Apple chip as its machine reports it: a claim until a check has shown it. */
export interface GpuDevice {
  readonly id: string;
  readonly model: string;
  readonly memoryBytes: number;
}

/** What a unit offers, or a workload needs. Memory and disk in bytes, CPUs as whole cores. */
export interface Resources {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly gpus: readonly GpuDevice[];
}

/** What a workload asks for. */
export interface ResourceRequest {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly gpus: {
    readonly count: number;
    readonly model?: string | undefined;
    readonly memoryBytes?: number | undefined;
  };
}
