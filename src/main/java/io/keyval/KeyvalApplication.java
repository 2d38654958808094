package io.keyval;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts a keyval node. */
@SpringBootApplication
class KeyvalApplication {

    public static void main(String[] args) {
        SpringApplication.run(KeyvalApplication.class, args);
    }
}
