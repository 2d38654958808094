package io.keyval.console;

/** Percentiles of what buckets have counted. */
final class Percentiles {

    private Percentiles() {}

    /**
     * The value below which the part {@code quantile} of all lies, taken as evenly spread within
     * its bucket; NaN when nothing was counted.
     *
     * @param bounds upper ends of the buckets, ascending
     * @param below how many lie at or below each bound
     * @param total of all, those beyond the last bound too
     * @param most no value is larger
     */
    static double at(double quantile, double[] bounds, long[] below, long total, double most) {
        if (total <= 0 || bounds.length == 0) {
            return Double.NaN;
        }
        double rank = quantile * total;
        double lower = 0;
        long before = 0;
        for (int i = 0; i < bounds.length; i++) {
            if (below[i] >= rank && below[i] > before) {
                double upper = Math.max(lower, Math.min(bounds[i], most));
                return lower + (upper - lower) * (rank - before) / (below[i] - before);
            }
            lower = bounds[i];
            before = below[i];
        }
        return Math.max(lower, most);
    }
}
