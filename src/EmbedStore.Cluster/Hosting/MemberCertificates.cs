using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EmbedStore.Cluster;

/// <summary>A member's certificate, and the authority that vouches for those of all members. A private authority: whoever holds a certificate of it is a member, whatever name stands in it.</summary>
public sealed class MemberCertificates
{
    private readonly X509Certificate2 _authority;

    private MemberCertificates(X509Certificate2 own, X509Certificate2 authority)
    {
        Own = own;
        _authority = authority;
    }

    /// <summary>This member's certificate with its key.</summary>
    internal X509Certificate2 Own { get; }

    /// <summary>Reads PEM files.</summary>
    /// <exception cref="CryptographicException">A file holds something else, or the key is of another certificate.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static MemberCertificates Load(string certificatePath, string keyPath, string authorityPath) =>
        new(X509Certificate2.CreateFromPemFile(certificatePath, keyPath), X509CertificateLoader.LoadCertificateFromFile(authorityPath));

    /// <summary>Whether the authority vouches for what the other side showed.</summary>
    internal bool IsMember(X509Certificate2? shown, SslPolicyErrors errors)
    {
        if (shown is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return false;
        }

        // An own chain: the one that came along was built with the machine's authorities.
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }
}
