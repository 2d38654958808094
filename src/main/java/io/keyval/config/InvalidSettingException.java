package io.keyval.config;

/**
 * A setting that a node cannot start with. The message is one plain sentence that names the setting
 * and says what to change; it is all the user gets to see.
 */
public final class InvalidSettingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * An exception that ends the start.
     *
     * @param sentence what is wrong and what to change, in words of the user, without secrets
     */
    public InvalidSettingException(String sentence) {
        super(sentence);
    }
}
