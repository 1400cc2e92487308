using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PtaKernels.Corpus.Stores;

/// <summary>The lines of <c>manifest.jsonl</c>: <see cref="StoreHeader"/>, a <see cref="StoreShard"/> each, <see cref="StoreTotals"/> when the store is complete.</summary>
/// <remarks>Each line ends with <c>"check"</c>: the first 16 hexadecimal digits of the SHA-256 of the bytes before it. A line that was cut off, or in which a bit flipped, is no line.</remarks>
internal sealed class StoreManifest
{
    /// <summary>Its name in the folder.</summary>
    public const string FileName = "manifest.jsonl";

    /// <summary>Largest manifest that is read: about a hundred thousand shards.</summary>
    private const long MaxBytes = 1L << 30;

    private const string CheckField = ",\"check\":\"";
    private const int CheckDigits = 16;

    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private StoreManifest(StoreHeader? header, IReadOnlyList<StoreShard> shards, StoreTotals? totals, IReadOnlyList<string> damage)
    {
        (Header, Shards, Totals, Damage) = (header, shards, totals, damage);
    }

    /// <summary>The first line, or null when it is damaged.</summary>
    public StoreHeader? Header { get; }

    /// <summary>The shards whose lines are whole, in the file's order.</summary>
    public IReadOnlyList<StoreShard> Shards { get; }

    /// <summary>The last line, or null when the store is not complete.</summary>
    public StoreTotals? Totals { get; }

    /// <summary>What is wrong with the file, a phrase for each line.</summary>
    public IReadOnlyList<string> Damage { get; }

    /// <summary>The manifest of a complete store.</summary>
    /// <exception cref="AlignmentDataException">There is none, it is damaged, or of a newer schema.</exception>
    public static StoreManifest Require(string folder)
    {
        StoreManifest manifest = Scan(folder);
        if (manifest.Damage.Count > 0)
            throw new AlignmentDataException($"{Path.Combine(folder, FileName)}: {manifest.Damage[0]}; run `pta store repair {folder}`, or copy the store again.");
        return manifest;
    }

    /// <summary>Reads as much of a manifest as is whole.</summary>
    /// <exception cref="AlignmentDataException">There is none, or it cannot be read.</exception>
    public static StoreManifest Scan(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new AlignmentDataException($"{folder}: is no store: it has no {FileName}.");
        using FileStream file = File.OpenRead(path);
        return Scan(file, path);
    }

    /// <summary>The same of a stream, from its present position.</summary>
    public static StoreManifest Scan(Stream file, string path)
    {
        if (file.Length > MaxBytes)
            throw new AlignmentDataException($"{path}: has {file.Length} bytes, and a manifest has {MaxBytes} at most; copy the store again.");
        byte[] all = new byte[file.Length - file.Position];
        file.ReadExactly(all);
        return Scan(all, path);
    }

    /// <summary>The bytes of one line, its end included.</summary>
    public static byte[] LineOf<T>(T value)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(value, Json);
        return [.. body.AsSpan(0, body.Length - 1), .. Encoding.ASCII.GetBytes($"{CheckField}{CheckOf(body.AsSpan(0, body.Length - 1))}\"}}\n")];
    }

    /// <summary>A header as JSON, for a shard's own schema.</summary>
    public static string TextOf(StoreHeader header) => JsonSerializer.Serialize(header, Json);

    /// <summary>The header that a shard keeps, or null.</summary>
    public static StoreHeader? HeaderOf(string text) => Parse<StoreHeader>(Encoding.UTF8.GetBytes(text));

    /// <summary>What one line says, its end included; null where it is cut off, damaged, or says something else.</summary>
    public static T? ValueOf<T>(ReadOnlySpan<byte> line)
        where T : class => line is [.. var body, (byte)'\n'] && IsWhole(body) ? Parse<T>(body) : null;

    private static StoreManifest Scan(ReadOnlySpan<byte> all, string path)
    {
        List<string> damage = [];
        List<StoreShard> shards = [];
        StoreHeader? header = null;
        StoreTotals? totals = null;
        int number = 0;
        while (!all.IsEmpty)
        {
            number++;
            int end = all.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? all : all[..end];
            all = end < 0 ? [] : all[(end + 1)..];
            if (end < 0 || !IsWhole(line))
                damage.Add(end < 0 ? $"line {number} was cut off" : $"line {number} is damaged");
            else if (totals is not null)
                damage.Add($"line {number} stands behind the last one");
            else if (number == 1)
                header = HeaderIn(line, path, damage);
            else if (line.StartsWith("{\"shards\":"u8) && Parse<StoreTotals>(line) is { } last)
                totals = last;
            else if (Parse<StoreShard>(line) is { } shard && IsName(shard.File))
                shards.Add(shard);
            else
                damage.Add($"line {number} describes no shard");
        }

        if (header is null && damage.Count == 0)
            damage.Add("is empty");
        if (totals is null && damage.Count == 0)
            damage.Add("has no last line: the store is not complete");
        else if (totals is not null && damage.Count == 0 && totals != TotalsOf(shards))
            damage.Add("its last line disagrees with its shards");
        return new StoreManifest(header, shards, totals, damage);
    }

    /// <summary>The last line that belongs to some shards.</summary>
    public static StoreTotals TotalsOf(IReadOnlyCollection<StoreShard> shards) => new(
        shards.Count, shards.Sum(static s => s.Documents), shards.Sum(static s => s.Tokens), shards.Sum(static s => s.TextBytes), shards.Sum(static s => s.Quarantined));

    private static StoreHeader? HeaderIn(ReadOnlySpan<byte> line, string path, List<string> damage)
    {
        StoreHeader? header = Parse<StoreHeader>(line);
        if (header is { Format: StoreHeader.FormatName, Schema: > StoreHeader.CurrentSchema })
            throw new AlignmentDataException($"{path}: is of schema {header.Schema}, and this program reads up to {StoreHeader.CurrentSchema}; take a newer one.");
        if (header is { Format: StoreHeader.FormatName, Schema: > 0 } && header.Tokenizer.Tokens > 0 && (header.Kind == StoreKind.Aligned
            ? header is { Sources.Count: > 0 and <= Provenance.MaxSources, Unit: not null }
            : header is { K: > 0 and <= TopKLogits.MaxK, ValueKind: not null, LabelType: not null }))
        {
            return header;
        }

        damage.Add("line 1 describes no store");
        return null;
    }

    /// <summary>Only names of this folder: a manifest cannot lead elsewhere.</summary>
    private static bool IsName(string file) => file.Length > 0 && Path.GetFileName(file) == file && file is not ("." or "..");

    private static bool IsWhole(ReadOnlySpan<byte> line)
    {
        int tail = CheckField.Length + CheckDigits + 2;
        if (line.Length < tail)
            return false;
        ReadOnlySpan<byte> body = line[..^tail];
        return line[^tail..].SequenceEqual(Encoding.ASCII.GetBytes($"{CheckField}{CheckOf(body)}\"}}"));
    }

    private static string CheckOf(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, CheckDigits / 2));

    private static T? Parse<T>(ReadOnlySpan<byte> line)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
