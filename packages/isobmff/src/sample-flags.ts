/** Bits of sample_flags (ISO/IEC 14496-12 §8.8.3.1). */
/** sample_depends_on 2: an I picture. */
export const SAMPLE_INDEPENDENT = 0x02000000;
/** sample_depends_on 1. */
export const SAMPLE_DEPENDS = 0x01000000;
/** sample_is_depended_on 2: nothing refers to it. */
export const SAMPLE_DISPOSABLE = 0x00800000;
export const SAMPLE_NON_SYNC = 0x00010000;
