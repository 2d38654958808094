package io.keyval.cluster;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Arrays;

/**
 * Why an entry could not be written to a log.
 *
 * @param reason part of a sentence
 * @param isForWantOfRoom whether the write found no room, so that the log is good up to it. Behind
 *     a failed force the system may show what is not on disk: such a log must not be gone on with
 */
record LogError(String reason, boolean isForWantOfRoom) {

    /** By the first cause of what Ratis says. */
    static LogError of(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String reason = root.getMessage() == null ? root.toString() : root.getMessage();
        return new LogError(reason, isForWantOfRoom(root));
    }

    private static boolean isForWantOfRoom(Throwable root) {
        String message =
                root instanceof FileSystemException file && file.getReason() != null
                        ? file.getReason()
                        : String.valueOf(root.getMessage());
        return root instanceof IOException
                && (message.startsWith("No space left") || message.startsWith("Disk quota"))
                && Arrays.stream(root.getStackTrace())
                        .noneMatch(frame -> frame.getMethodName().startsWith("force"));
    }
}
