using System.Security.Cryptography;
using System.Text;

namespace PtaKernels.Corpus;

/// <summary>Tells files from other files by their names, sizes, beginnings and ends: enough to see that an input was exchanged, without reading terabytes.</summary>
internal static class InputIdentity
{
    private const int Sampled = 1 << 16;

    /// <summary>One file's.</summary>
    public static string OfFile(string path) => OfFiles([path]);

    /// <summary>That of several files in order.</summary>
    public static string OfFiles(IEnumerable<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[Sampled];
        foreach (string path in paths)
        {
            using FileStream file = File.OpenRead(path);
            hash.AppendData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{Path.GetFileName(path)}\n{file.Length}\n")));
            hash.AppendData(buffer.AsSpan(0, file.ReadAtLeast(buffer, Sampled, throwOnEndOfStream: false)));
            file.Position = Math.Max(0, file.Length - Sampled);
            hash.AppendData(buffer.AsSpan(0, file.ReadAtLeast(buffer, Sampled, throwOnEndOfStream: false)));
        }

        return "files:" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
