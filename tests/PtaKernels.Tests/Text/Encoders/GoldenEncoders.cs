using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text.Encoders;

/// <summary>The golden files of tests/golden/encoders (made by tests/independent/encoders), and the encoders that they are for.</summary>
internal static class GoldenEncoders
{
    private static readonly Lazy<byte[][]> Lines = new(ReadLines);

    private static readonly Lazy<Dictionary<string, uint[]>> Checks = new(ReadChecks);

    public static byte[][] HardLines => Lines.Value;

    /// <summary>[10,000] CRC-32 of each line's ids, 0 where the line is not compared.</summary>
    public static uint[] ChecksOf(string encoder) => Checks.Value[encoder];

    public static string File(string name) => Repository.PathOf("tests", "golden", "encoders", name);

    public static string Model(string name) => Repository.PathOf("tests", "golden", "tokenizers", $"{name}.model.gz");

    /// <summary>The fixture texts with the number and CRC-32 of their ids by tokenizer.</summary>
    public static IEnumerable<(int Id, byte[] Text, Dictionary<string, (int Count, uint Check)> Ids)> FixtureTexts()
    {
        foreach (string line in Encoding.UTF8.GetString(VocabularyAssert.Gunzip(File("texts.jsonl.gz"))).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            Dictionary<string, (int, uint)> ids = [];
            foreach (JsonProperty tokenizer in row.RootElement.GetProperty("ids").EnumerateObject())
                ids[tokenizer.Name] = (tokenizer.Value[0].GetInt32(), tokenizer.Value[1].GetUInt32());
            yield return (row.RootElement.GetProperty("id").GetInt32(), Encoding.UTF8.GetBytes(row.RootElement.GetProperty("text").GetString()!), ids);
        }
    }

    /// <summary>CRC-32 of ids as int32, little-endian.</summary>
    public static uint Check(ReadOnlySpan<int> ids)
    {
        byte[] bytes = new byte[ids.Length * sizeof(int)];
        for (int i = 0; i < ids.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), ids[i]);
        return Crc32Of(bytes);
    }

    /// <summary>One of the five fixture tokenizers.</summary>
    public static TextEncoder Load(string name, VocabularyFolder folder) => TextEncoder.Load(name switch
    {
        "spA" or "spB" => Model(name),
        "o200k" => File("o200k-part.tiktoken.gz"),
        _ => Ranks(name, folder),
    });

    /// <summary>A rank file of a sample vocabulary.</summary>
    private static string Ranks(string name, VocabularyFolder folder)
    {
        TokenVocabulary vocabulary = VocabularyFile.Read(Repository.PathOf("samples", "vocab", $"{name}.json.gz"));
        var ranks = new StringBuilder();
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.HasToken(id) && !vocabulary.IsSpecial(id))
                ranks.Append(Convert.ToBase64String(vocabulary.Bytes[id])).Append(' ').Append(id).Append('\n');
        }

        return folder.Write($"{name}.tiktoken", ranks.ToString());
    }

    private static uint Crc32Of(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB8_8320);
        }

        return ~crc;
    }

    private static byte[][] ReadLines()
    {
        byte[] content = VocabularyAssert.Gunzip(File("hard-lines.txt.gz"));
        List<byte[]> lines = [];
        for (int start = 0; start < content.Length;)
        {
            int end = Array.IndexOf(content, (byte)'\n', start);
            lines.Add(content[start..end]);
            start = end + 1;
        }

        return [.. lines];
    }

    private static Dictionary<string, uint[]> ReadChecks()
    {
        ReadOnlySpan<byte> content = VocabularyAssert.Gunzip(File("hard-lines.crc.gz"));
        Dictionary<string, uint[]> checks = [];
        while (!content.IsEmpty)
        {
            int name = content.IndexOf((byte)'\n');
            uint[] values = new uint[HardLines.Length];
            for (int i = 0; i < values.Length; i++)
                values[i] = BinaryPrimitives.ReadUInt32LittleEndian(content[(name + 1 + (i * sizeof(uint)))..]);
            checks[Encoding.ASCII.GetString(content[..name])] = values;
            content = content[(name + 1 + (values.Length * sizeof(uint)))..];
        }

        return checks;
    }
}
