using System.Text;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Training;

/// <summary>A document to be predicted.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Domain">What it is counted under.</param>
/// <param name="Tokens">Its tokens.</param>
public sealed record EvaluationDocument(string Id, string Domain, int[] Tokens)
{
    /// <summary>UTF-8 bytes of the text that the predicted tokens stand for; null where only the tokens are known, whose own bytes count then.</summary>
    public int? Bytes { get; init; }

    /// <summary>Encodes a text, with the begin and the end of a sequence around it where the tokenizer has them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encoder">The model's tokenizer.</param>
    /// <param name="begin">Whether the begin is put there.</param>
    /// <param name="end">Whether the end is put there.</param>
    /// <remarks>All bytes of the text count; without a begin of sequence all but those of its first token, which nothing predicts.</remarks>
    public static EvaluationDocument Of(TextDocument text, TextEncoder encoder, bool begin = true, bool end = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(encoder);
        byte[] utf8 = Encoding.UTF8.GetBytes(text.Text);
        EncodedText encoded = encoder.EncodeSequence(utf8, begin, end);
        return new EvaluationDocument(text.Id, text.Domain, encoded.Ids) { Bytes = encoded.Length == 0 ? 0 : utf8.Length - encoded.Spans[0].End };
    }

    /// <summary>Reads JSON lines, plain or gzip, with <c>input_ids</c>, and <c>id</c> where given; other fields are left alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="domainField">The field whose value is the domain; null for one domain.</param>
    /// <param name="vocabulary">What the ids mean.</param>
    /// <exception cref="AlignmentDataException">A line is damaged, has an id without a token, or no domain.</exception>
    public static IEnumerable<EvaluationDocument> Read(string path, string? domainField, TokenVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        foreach (NumberedLine line in JsonLines.ReadLines(path))
        {
            string where = $"{path}, line {line.Number}";
            int[] tokens;
            string id;
            try
            {
                using JsonDocument json = JsonDocument.Parse(PythonJson.Quote(line.Text));
                if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("input_ids", out JsonElement ids) || ids.ValueKind != JsonValueKind.Array)
                    throw new AlignmentDataException($"{where}: has no list input_ids; each document needs one.");
                tokens = [.. ids.EnumerateArray().Select(static v => v.GetInt32())];
                id = json.RootElement.TryGetProperty("id", out JsonElement given) ? given.ToString() : $"line {line.Number}";
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new AlignmentDataException($"{where}: not whole JSON with integer input_ids; make the file again.", e);
            }

            int bad = Array.FindIndex(tokens, t => !vocabulary.HasToken(t));
            if (bad >= 0)
                throw new AlignmentDataException($"{where}: input_ids {bad} is {tokens[bad]}, which is no token of {vocabulary.Name}; give the vocabulary that made the ids.");
            yield return new EvaluationDocument(id, domainField is null ? "" : JsonLines.FieldOf(path, line, domainField) ?? "", tokens);
        }
    }
}
