/** What the API answers where it does not do what was asked (`ErrorForm`). */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    /** The code of the error form; `offline` where no answer came. */
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}
