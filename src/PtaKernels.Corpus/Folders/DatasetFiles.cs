using System.Text;
using System.Text.Json;
using Apache.Arrow;

namespace PtaKernels.Corpus.Folders;

/// <summary>The JSON files of a dataset folder, as <c>save_to_disk</c> writes them.</summary>
internal static class DatasetFiles
{
    /// <summary>Columns with the metadata that tells <c>load_from_disk</c> their features.</summary>
    public static Schema SchemaOf(IEnumerable<Field> fields, byte[] features) =>
        new(fields, new Dictionary<string, string> { ["huggingface"] = $$$"""{"info": {"features": {{{Encoding.UTF8.GetString(features)}}}}}""" });

    /// <summary>Writes what makes a folder with complete shards a Dataset.</summary>
    public static void WriteDataset(string folder, string split, string[] files, string fingerprint, byte[] features)
    {
        WriteJson(Path.Combine(folder, DatasetFolder.StateFile), json =>
        {
            json.WriteStartArray("_data_files");
            foreach (string file in files)
            {
                json.WriteStartObject();
                json.WriteString("filename", file);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("_fingerprint", fingerprint);
            json.WriteNull("_format_columns");
            json.WriteStartObject("_format_kwargs");
            json.WriteEndObject();
            json.WriteNull("_format_type");
            json.WriteBoolean("_output_all_columns", false);
            json.WriteString("_split", split);
        });
        WriteJson(Path.Combine(folder, DatasetFolder.InfoFile), json =>
        {
            json.WriteString("citation", "");
            json.WriteString("description", "");
            json.WritePropertyName("features");
            json.WriteRawValue(features);
            json.WriteString("homepage", "");
            json.WriteString("license", "");
        });
    }

    /// <summary>Writes what makes a folder of Datasets a DatasetDict.</summary>
    public static void WriteDict(string folder, IEnumerable<string> splits) => WriteJson(Path.Combine(folder, DatasetFolder.DictFile), json =>
    {
        json.WriteStartArray("splits");
        foreach (string split in splits)
            json.WriteStringValue(split);
        json.WriteEndArray();
    });

    private static void WriteJson(string path, Action<Utf8JsonWriter> write)
    {
        using FileStream file = File.Create(path);
        using (var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        file.Flush(flushToDisk: true);
    }
}
