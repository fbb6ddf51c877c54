/** How a build tells people where it is. */

export interface BuildProgress {
  /** what is being done, a short constant phrase */
  readonly step: string;
  /** the newest detail, one line */
  readonly detail?: string;
  /** how much of the step is done, 0 to 1, where that is known */
  readonly fraction?: number;
}

export type ReportProgress = (progress: BuildProgress) => void;
