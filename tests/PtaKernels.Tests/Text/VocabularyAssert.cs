using System.IO.Compression;
using System.Text;

namespace PtaKernels.Tests.Text;

/// <summary>What vocabulary tests share: comparing all ids, expecting a few, expecting one sentence.</summary>
internal static class VocabularyAssert
{
    public const TokenRoles Special = TokenRoles.Special, Bos = Special | TokenRoles.Bos, Eos = Special | TokenRoles.Eos, Pad = Special | TokenRoles.Pad, Unk = Special | TokenRoles.Unk;

    /// <summary>Every id: string, bytes, symbols and roles; and what goes for the whole vocabulary. Names may differ.</summary>
    public static void AreSame(TokenVocabulary actual, TokenVocabulary expected)
    {
        Assert.That(actual.Count, Is.EqualTo(expected.Count));
        int different = 0;
        for (int id = 0; id < expected.Count; id++)
        {
            bool same = actual.StringOf(id) == expected.StringOf(id) && actual.RolesOf(id) == expected.RolesOf(id)
                && actual.Bytes[id].SequenceEqual(expected.Bytes[id]) && actual.Texts[id].SequenceEqual(expected.Texts[id]);
            if (!same && different++ < 5)
                TestContext.Error.WriteLine($"id {id}: {Describe(actual, id)} instead of {Describe(expected, id)}");
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(different, Is.Zero, "ids that differ");
            Assert.That(actual.Marker, Is.EqualTo(expected.Marker));
            Assert.That(actual.IsByteLevel, Is.EqualTo(expected.IsByteLevel));
            Assert.That(actual.AddsDummyPrefix, Is.EqualTo(expected.AddsDummyPrefix));
            Assert.That(actual.Fingerprint, Is.EqualTo(expected.Fingerprint));
        }
    }

    /// <summary>The tokens from id 0 on; a null string is a hole.</summary>
    public static void Holds(TokenVocabulary actual, params (string? Token, string Text, TokenRoles Roles)[] expected)
    {
        string[] wanted = [.. expected.Select(e => Describe(e.Token, Encoding.UTF8.GetBytes(e.Text), e.Token is null ? TokenRoles.Hole : e.Roles))];
        Assert.That(Enumerable.Range(0, actual.Count).Select(id => Describe(actual, id)), Is.EqualTo(wanted));
    }

    /// <summary>Reading ends with one sentence that holds these parts, file name first.</summary>
    public static void Refuses(Func<TokenVocabulary> read, params string[] parts)
    {
        AlignmentDataException? error = Assert.Throws<AlignmentDataException>(() => read());
        foreach (string part in parts)
            Assert.That(error?.Message, Does.Contain(part));
        Assert.That(error?.Message, Does.Match(@"^\S.*: .*\.$").And.Not.Contain("\n"));
    }

    public static byte[] Gunzip(string path)
    {
        using var unpacked = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var content = new MemoryStream();
        unpacked.CopyTo(content);
        return content.ToArray();
    }

    private static string Describe(TokenVocabulary vocabulary, int id) => Describe(vocabulary.StringOf(id), vocabulary.Bytes[id].ToArray(), vocabulary.RolesOf(id));

    private static string Describe(string? token, byte[] text, TokenRoles roles) => $"{token ?? "null"} [{Convert.ToHexString(text)}] {roles}";
}

/// <summary>A folder of a test's own, gone when the test ends.</summary>
internal sealed class VocabularyFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-vocabulary-");

    public string Path => _folder.FullName;

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] content)
    {
        string path = System.IO.Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string WriteGzip(string name, byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return Write(name, packed.ToArray());
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
