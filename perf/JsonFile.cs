using System.Text.Json;
using PtaKernels.Cli;
using PtaKernels.Corpus;

namespace PtaKernels.Perf;

/// <summary>What a measuring program keeps, as a file of JSON.</summary>
internal static class JsonFile
{
    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="advice">What to do where it is missing or damaged.</param>
    /// <exception cref="AlignmentDataException">It is.</exception>
    public static T Read<T>(string path, string advice)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), Terminal.JsonOptions) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{path}: {e.Message}; {advice}.", e);
        }
    }

    /// <summary>Writes a file; it has its name only once it is complete.</summary>
    public static void Write<T>(string path, T value) => AtomicFile.Write(path, JsonSerializer.Serialize(value, Terminal.JsonOptions) + "\n");
}
