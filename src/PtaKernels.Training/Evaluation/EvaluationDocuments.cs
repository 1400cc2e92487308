using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.Training;

/// <summary>A document to be predicted.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Domain">What it is counted under.</param>
/// <param name="Tokens">Its tokens.</param>
public sealed record EvaluationDocument(string Id, string Domain, int[] Tokens)
{
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
