package interop;

import com.azure.json.JsonProviders;
import com.azure.json.JsonReader;
import com.azure.json.JsonWriter;
import com.microsoft.aad.msal4j.IAuthenticationResult;
import com.microsoft.aad.msal4j.PublicClientApplication;
import com.microsoft.aad.msal4j.UserNamePasswordParameters;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * One sign-in by MSAL Java. The job comes on stdin (never as an argument, which `ps` would show); one line of JSON goes
 * to stdout.
 */
public final class MsalJava {
  public static void main(String[] args) throws Exception {
    Map<String, String> job;
    try (JsonReader reader = JsonProviders.createReader(System.in)) {
      job = reader.readMap(JsonReader::getString);
    }
    String ok = "false";
    String name = "username";
    String value;
    try {
      PublicClientApplication application = PublicClientApplication.builder(job.get("clientId"))
          .authority(job.get("authority"))
          // With it, MSAL would ask login.microsoftonline.com about this host.
          .instanceDiscovery(false)
          .validateAuthority(false)
          .sslSocketFactory(trusting(job.get("ca")).getSocketFactory())
          .build();
      IAuthenticationResult result = application
          .acquireToken(UserNamePasswordParameters
              .builder(Set.of(job.get("scope")), job.get("username"), job.get("password").toCharArray())
              .build())
          .get();
      ok = String.valueOf(!result.accessToken().isEmpty());
      value = result.account().username();
    } catch (Exception error) {
      Throwable cause = error.getCause() == null ? error : error.getCause();
      name = "error";
      value = cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }
    java.io.StringWriter line = new java.io.StringWriter();
    try (JsonWriter writer = JsonProviders.createWriter(line)) {
      writer.writeStartObject().writeBooleanField("ok", Boolean.parseBoolean(ok)).writeStringField(name, value).writeEndObject();
    }
    System.out.println(line);
    // Its connections have threads that would keep the process.
    System.exit(0);
  }

  private static SSLContext trusting(String pem) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    ByteArrayInputStream bytes = new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    store.setCertificateEntry("run", CertificateFactory.getInstance("X.509").generateCertificate(bytes));
    TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
