using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EmbedStore.Testing;

namespace EmbedStore.Cluster.Tests;

/// <summary>An authority, and certificates of it, as PEM files in a folder.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly TemporaryFolder _folder = new();

    public TestCertificates(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        AuthorityPath = _folder.Write("authority.pem", _authority.ExportCertificatePem());
    }

    public string AuthorityPath { get; }

    /// <summary>A new member certificate.</summary>
    /// <param name="authorityPath">Whom it trusts. Null: its own authority.</param>
    public MemberCertificates Issue(string name, string? authorityPath = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 issued = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        string certificate = _folder.Write($"{name}.pem", issued.ExportCertificatePem());
        return MemberCertificates.Load(certificate, _folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()), authorityPath ?? AuthorityPath);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }
}
