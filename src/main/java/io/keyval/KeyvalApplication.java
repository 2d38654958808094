package io.keyval;

import io.keyval.config.InvalidSettingException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Starts a keyval node. */
@SpringBootApplication(proxyBeanMethods = false)
@ConfigurationPropertiesScan
class KeyvalApplication {

    private static final String USAGE =
            """
            Starts a keyval node.

              java -jar keyval.jar [options] [settings]

            Options, followed by a space or an equals sign and their value:
              --role leader|follower   what the node does; leader when not given
              --id N                   its id; 1 is the leader's, a follower needs another
              --port N                 the port for clients and followers, 5000
              --leader_host HOST       where a follower finds its leader, 127.0.0.1
              --leader_port N          the port of its leader, 5000
              --help, --version        print this, or the version, and end

            Settings are written --name=value, such as --keyval.wal.fsync=1s. They, and more, may
            also stand in config/application.yml or in the environment. Leader and followers share
            a secret, best given as KEYVAL_SECRET in the environment.
            """;

    public static void main(String[] args) {
        if (args.length == 1 && args[0].equals("--help")) {
            System.out.print(USAGE);
            return;
        }
        if (args.length == 1 && args[0].equals("--version")) {
            System.out.println("keyval " + version());
            return;
        }
        Arguments arguments;
        try {
            arguments = Arguments.parse(args);
        } catch (InvalidSettingException e) {
            System.err.println(e.getMessage());
            System.exit(1);
            return;
        }
        SpringApplication application = new SpringApplication(KeyvalApplication.class);
        application.setDefaultProperties(arguments.defaults());
        try {
            application.run(arguments.settings().toArray(String[]::new));
        } catch (SpringApplication.AbandonedRunException e) {
            throw e;
        } catch (RuntimeException e) {
            // Spring Boot has reported it.
            System.exit(1);
        }
    }

    private static String version() {
        @Nullable String version = KeyvalApplication.class.getPackage().getImplementationVersion();
        return version == null ? "(not built)" : version;
    }
}
