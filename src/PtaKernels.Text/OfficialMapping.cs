using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Text;

/// <summary>The official mapping file of SPEC B 0: one JSON object { source token with its marker replaced : target token }, plain or gzip.</summary>
public static class OfficialMapping
{
    /// <summary>A mapped token that the target vocabulary does not have: the official loop leaves such a candidate out.</summary>
    public const int OutsideTarget = -3;

    /// <summary>Reads the entries in file order.</summary>
    /// <exception cref="AlignmentDataException">The file is missing or not of this form.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using Stream file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            Dictionary<string, string?> entries = JsonSerializer.Deserialize<Dictionary<string, string?>>(stream) ?? [];
            return entries.ToDictionary(static e => e.Key, static e => e.Value ?? throw new JsonException($"the entry \"{e.Key}\" has no target token"), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{path}: {e.Message}; expected a vocabulary map, a JSON object of strings.", e);
        }
    }

    /// <summary>Writes a resolved map. Two source tokens with one key: the later one wins, at the place of the first, as in a Python dict (SPEC B 3a).</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="pair">The vocabularies.</param>
    /// <param name="map">Nearest target tokens by official strings, all of them resolved.</param>
    public static void Write(Stream stream, VocabularyPair pair, VocabularyMap map)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(map);
        var owners = new OrderedDictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < map.Count; id++)
        {
            if (pair.Source.StringOf(id)?.Replace(pair.Source.Marker, pair.Target.Marker, StringComparison.Ordinal) is { } key && map[id] != VocabularyMap.None)
                owners[key] = id;
        }

        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        foreach ((string key, int id) in owners)
            json.WriteString(key, pair.Target.StringOf(map[id]));
        json.WriteEndObject();
    }

    /// <summary>The entries by source id: <see cref="VocabularyMap.None"/> where a key is missing.</summary>
    public static VocabularyMap ToMap(IReadOnlyDictionary<string, string> entries, TokenVocabulary source, TokenVocabulary target)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        int[] nearest = new int[source.Count];
        for (int id = 0; id < nearest.Length; id++)
        {
            nearest[id] = VocabularyMap.None;
            if (source.StringOf(id)?.Replace(source.Marker, target.Marker, StringComparison.Ordinal) is { } key && entries.TryGetValue(key, out string? value))
                nearest[id] = target.IdOf(value) is >= 0 and int found ? found : OutsideTarget;
        }

        return new VocabularyMap(nearest);
    }
}
