package io.keyval.cluster;

import java.lang.reflect.Method;

/**
 * Java says on stderr, at the first use, that {@code sun.misc.Unsafe} will go one day. The
 * libraries inside Ratis use it, and whoever runs a node can do nothing about it.
 */
final class UnsafeNotice {

    private UnsafeNotice() {}

    /** Has Java take it as said. */
    static void silence() {
        try {
            Method said =
                    Class.forName("sun.misc.Unsafe").getDeclaredMethod("trySetMemoryAccessWarned");
            said.setAccessible(true);
            said.invoke(null);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Another Java, which says it in another way, or not at all.
        }
    }
}
