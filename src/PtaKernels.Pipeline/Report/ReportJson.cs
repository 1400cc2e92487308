using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PtaKernels.Pipeline;

/// <summary>How reports stand in files of JSON: names in snake case, numbers that are none by their names.</summary>
internal static class ReportJson
{
    /// <summary>For whatever is written beside a report.</summary>
    public static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>A report as text.</summary>
    public static string Of<T>(T report) => JsonSerializer.Serialize(report, Options);

    /// <summary>Reads a report.</summary>
    /// <param name="path">The file.</param>
    /// <param name="expected">What it should be.</param>
    /// <exception cref="AlignmentDataException">It is missing or something else.</exception>
    public static T Read<T>(string path, string expected)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), Options) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{path}: {e.Message.TrimEnd('.')}; expected {expected}.", e);
        }
    }
}
