package interop;

import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.namespace.QName;
import org.apache.cxf.BusFactory;
import org.apache.cxf.configuration.jsse.TLSServerParameters;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.sts.StaticSTSProperties;
import org.apache.cxf.sts.operation.TokenIssueOperation;
import org.apache.cxf.sts.service.StaticService;
import org.apache.cxf.sts.token.provider.SAMLTokenProvider;
import org.apache.cxf.transport.http_jetty.JettyHTTPServerEngineFactory;
import org.apache.cxf.ws.security.sts.provider.SecurityTokenServiceProvider;
import org.apache.wss4j.common.ext.WSPasswordCallback;

/**
 * Apache CXF's own token service on loopback: WS-Trust 1.3 with a user name token over TLS. The audience decides between
 * SAML 1.1 and 2.0, as the request names no token type. Everything it must know comes as properties on stdin, since
 * arguments are seen by `ps`.
 */
public final class Sts {
  public static void main(String[] args) throws Exception {
    Properties job = new Properties();
    job.load(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int port = Integer.parseInt(job.getProperty("port"));
    String storePassword = job.getProperty("storePassword");

    KeyStore tls = KeyStore.getInstance("PKCS12");
    try (FileInputStream file = new FileInputStream(job.getProperty("tlsStore"))) {
      tls.load(file, storePassword.toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(tls, storePassword.toCharArray());
    TLSServerParameters parameters = new TLSServerParameters();
    parameters.setKeyManagers(keys.getKeyManagers());
    BusFactory.getDefaultBus()
        .getExtension(JettyHTTPServerEngineFactory.class)
        .setTLSServerParametersForPort("127.0.0.1", port, parameters);

    String passwordOfUser = job.getProperty("password");
    CallbackHandler passwords = (Callback[] callbacks) -> {
      for (Callback callback : callbacks) {
        WSPasswordCallback wanted = (WSPasswordCallback) callback;
        if (wanted.getUsage() == WSPasswordCallback.SIGNATURE) wanted.setPassword(storePassword);
        else if (job.getProperty("username").equals(wanted.getIdentifier())) wanted.setPassword(passwordOfUser);
      }
    };

    Properties signing = new Properties();
    signing.setProperty("org.apache.wss4j.crypto.provider", "org.apache.wss4j.common.crypto.Merlin");
    signing.setProperty("org.apache.wss4j.crypto.merlin.keystore.type", "PKCS12");
    signing.setProperty("org.apache.wss4j.crypto.merlin.keystore.file", job.getProperty("signingStore"));
    signing.setProperty("org.apache.wss4j.crypto.merlin.keystore.password", storePassword);
    StaticSTSProperties settings = new StaticSTSProperties();
    settings.setIssuer("urn:interop:cxf-sts");
    settings.setSignatureCryptoProperties(signing);
    settings.setSignatureUsername("key");
    settings.setCallbackHandler(passwords);
    settings.configureProperties();

    TokenIssueOperation issue = new TokenIssueOperation();
    issue.setTokenProviders(List.of(new SAMLTokenProvider()));
    String profile = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#";
    issue.setServices(List.of(
        audience(job.getProperty("audienceOfSaml11"), profile + "SAMLV1.1"),
        audience(job.getProperty("audienceOfSaml20"), profile + "SAMLV2.0")));
    issue.setStsProperties(settings);
    SecurityTokenServiceProvider provider = new SecurityTokenServiceProvider();
    provider.setIssueOperation(issue);

    // The second one is as CXF is by default: with WS-I's Basic Security Profile, whose R4201 wants a Type on Password.
    publish(provider, passwords, "https://127.0.0.1:" + port + "/sts", "false");
    publish(provider, passwords, "https://127.0.0.1:" + port + "/sts-basic-security-profile", "true");
    System.out.println("ready");
  }

  private static void publish(
      SecurityTokenServiceProvider provider, CallbackHandler passwords, String address, String profile) {
    String namespace = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/";
    EndpointImpl endpoint = new EndpointImpl(provider);
    endpoint.setWsdlLocation("classpath:sts.wsdl");
    endpoint.setServiceName(new QName(namespace, "SecurityTokenService"));
    endpoint.setEndpointName(new QName(namespace, "UsernamePort"));
    endpoint.setProperties(new HashMap<>(
        Map.of("security.callback-handler", passwords, "ws-security.is-bsp-compliant", profile)));
    endpoint.publish(address);
  }

  private static StaticService audience(String address, String tokenType) {
    StaticService service = new StaticService();
    service.setEndpoints(List.of(Pattern.quote(address)));
    service.setTokenType(tokenType);
    return service;
  }
}
