using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using PtaKernels.Corpus;
using PtaKernels.Training.Safetensors;

namespace PtaKernels.Training;

/// <summary>What decides the rows of a capture beside its documents.</summary>
/// <param name="Model">Hexadecimal SHA-256 of the configuration and all weights.</param>
/// <param name="Tokenizer">Fingerprint of the vocabulary.</param>
/// <param name="Options">The options, in one line.</param>
/// <param name="Threads">Threads of libtorch: another number may round sums otherwise.</param>
internal sealed record CaptureIdentity(string Model, string Tokenizer, string Options, int Threads)
{
    /// <summary>How the journal's lines are written.</summary>
    public static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>What <see cref="Model"/> is for a folder; reads all weights once.</summary>
    public static string FingerprintOf(string folder)
    {
        using CheckpointFiles files = CheckpointFiles.Open(folder);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        foreach (string path in files.Files.Select(static f => f.FilePath).Prepend(Path.Combine(folder, ModelFiles.ConfigName)))
        {
            using FileStream file = File.OpenRead(path);
            for (int count; (count = file.Read(buffer)) > 0;)
                hash.AppendData(buffer.AsSpan(0, count));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Tells a folder's model from another by names, sizes, beginnings and ends of its files.</summary>
    public static string NearlyOf(string folder)
    {
        using CheckpointFiles files = CheckpointFiles.Open(folder);
        return InputIdentity.OfFiles(files.Files.Select(static f => f.FilePath).Prepend(Path.Combine(folder, ModelFiles.ConfigName)));
    }

    /// <summary>By name, without the threads: another number rounds otherwise and is no other run.</summary>
    public IReadOnlyDictionary<string, string> Described() => new Dictionary<string, string> { ["model"] = Model, ["tokenizer"] = Tokenizer, ["options"] = Options };

    /// <summary>How this run differs from another, for a sentence; empty where it does not.</summary>
    public string DifferenceTo(CaptureIdentity other) =>
        Model != other.Model ? "another model" : Tokenizer != other.Tokenizer ? "another tokenizer" : Options != other.Options ? $"other options ({Options})" : "";
}
