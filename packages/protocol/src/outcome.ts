/** How an operation ended: 0 is success, everything else failure. */
export interface Outcome {
  code: number;
  text?: string;
}
