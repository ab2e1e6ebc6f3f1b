/** What `lockstep merge` is asked for. */
export interface MergeRequest {
  /** A profile or a suite. */
  name: string;
  /** The id of the snapshot that is right where both sides differ. */
  prefer: string | undefined;
  dryRun: boolean;
}
