using Orleans.Connections.Security;

namespace EmbedStore.Cluster;

/// <summary>TLS on every connection between members, with a certificate of both sides.</summary>
internal static class MemberTls
{
    /// <summary>What a member asks for; nobody checks it, because the certificate's authority is what counts.</summary>
    private const string TargetHost = "member.embedstore";

    public static ISiloBuilder UseMemberTls(this ISiloBuilder silo, MemberCertificates certificates) => silo.UseTls(certificates.Own, tls =>
    {
        tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;

        // A certificate of the side that connects is only welcome by default.
        tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        tls.RemoteCertificateValidation = (shown, _, errors) => certificates.IsMember(shown, errors);
        tls.OnAuthenticateAsClient = static (_, client) => client.TargetHost = TargetHost;
    });
}
